import fc from '../../support/seeded-fast-check';
import type { Failure } from '../../../src/core/errors';
import {
  asksDestination,
  hostActions,
  readRequest,
  type AgentRequest,
} from '../../../src/agent-protocol/model/request';

/**
 * All requests that the front-end sends: from the drivers, TM scripts, hooks, the probe, the commands over the fleet
 * and doctor.
 */
const sent = [
  { action: 'migrate', domain: 'one-310', destination: 'kvm2', checkDestination: true },
  { action: 'save', domain: '0f0f0f0f-0000-4000-8000-00000000abcd' },
  { action: 'save', domain: 'one-310', file: '/var/lib/one//datastores/0/310/checkpoint' },
  { action: 'prepare', domain: '310', destination: 'kvm2' },
  { action: 'prepare', domain: '310', orders: ['snapshot', 'commit'] },
  { action: 'prepare', domain: 'one-310', orders: ['migrate', 'save', 'storage-move'] },
  { action: 'heal', domain: '310', destination: 'kvm2' },
  { action: 'heal', domain: '310', destination: 'kvm2', dryRun: true },
  { action: 'heal', domain: '310', dryRun: false },
  { action: 'repair', domain: '310', destination: 'kvm2', dryRun: false },
  { action: 'repair', domain: 'one-310', dryRun: true },
  { action: 'reset', domain: 'one-310', dryRun: false },
  { action: 'reset', domain: 'one-310', dryRun: true, destination: 'kvm2' },
  { action: 'probe' },
  { action: 'audit' },
  { action: 'foresee', changes: [] },
  { action: 'foresee', changes: [{ link: '/dev/a', target: '../b' }] },
  { action: 'state' },
] as const satisfies readonly Omit<AgentRequest, 'version'>[];

function read(fields: object): AgentRequest | Failure {
  return readRequest(JSON.stringify({ version: '0.1.0', ...fields }));
}

test.each(sent)('the front-end sends %j', (fields) => {
  expect(read(fields)).toEqual({ version: '0.1.0', ...fields });
});

test('only actions whose host connects to the destination get the ssh agent', () => {
  const asking = sent.filter((fields) => asksDestination({ version: '0.1.0', ...fields }));
  expect(asking.map((fields) => [fields.action, 'destination' in fields])).toEqual([
    ['migrate', true],
    ['prepare', true],
    ['heal', true],
    ['heal', true],
    ['reset', true],
  ]);
});

test('an order that is not known is refused', () => {
  for (const orders of [['snapshots'], 'snapshot', [1], [['snapshot']], { 0: 'snapshot' }])
    expect(read({ action: 'prepare', domain: '310', orders })).toMatchObject({
      code: 'usage',
      what: 'orders is not a list of migrate, save, storage-move, snapshot, commit',
    });
});

test('every action has a sender', () => {
  expect(new Set(sent.map(({ action }) => action))).toEqual(new Set(hostActions));
});

const members: readonly string[] = [...new Set(sent.flatMap((fields) => Object.keys(fields)))];

test('a member that is not sent with this action is refused, whatever its value', () => {
  const odd = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'strategy'), fc.string());
  const key = fc.oneof(fc.constantFrom(...members), odd);
  fc.assert(
    fc.property(fc.constantFrom(...sent), key, fc.jsonValue(), (fields, name, value) => {
      const known = sent.filter(({ action }) => action === fields.action).flatMap((one) => Object.keys(one));
      fc.pre(name !== 'version' && !known.includes(name));
      const text = JSON.stringify({ version: '0.1.0', ...fields });
      const more = `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;
      expect(readRequest(more)).toMatchObject({ code: 'usage' });
    }),
  );
});

test('a member of another type is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...sent), fc.nat(), fc.jsonValue(), (fields, which, value) => {
      const keys = ['version', ...Object.keys(fields)];
      const key = keys[which % keys.length] ?? '';
      const own = (fields as Readonly<Record<string, unknown>>)[key] ?? '0.1.0';
      fc.pre(typeof value !== typeof own || (typeof own === 'object' && !Array.isArray(value)));
      expect(read({ ...fields, [key]: value })).toMatchObject({ code: 'usage' });
    }),
  );
});
