import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { domainOf } from '../../../src/hypervisor/model/domain-xml';
import { jobIn } from '../../../src/hypervisor/model/job';
import { actionDataIn, readMoveRequest, type MoveRequest } from '../../../src/opennebula/model/action-xml';
import { kvmHosts, registeredHooks } from '../../../src/opennebula/model/host-pool';
import { readMonitoring, readVmPool } from '../../../src/opennebula/model/vm-pool';
import { decodeAnswer } from '../../../src/opennebula/model/xml-rpc';
import { readXml } from '../../../src/os/read-xml';
import { readVmEvent } from '../../../src/opennebula/read-vm';
import { hostileNames } from '../../support/hostile-xml-names';
import { History, vmXml } from '../../support/vm-xml';

// Other users may add text to each of these documents: whatever names it uses, it must not change what is read.

const status = readFileSync(join(__dirname, '../fixtures/status-one-310.xml'), 'utf8').replace(
  '<domain ',
  "<job type='none' async='migration out'/><domain ",
);
const vm = vmXml({ history: new History().begin('kvm2', 1709630042).records }).replace(
  '</USER_TEMPLATE>',
  '<MIGRATE_GUARD_MODE>warn</MIGRATE_GUARD_MODE></USER_TEMPLATE>',
);
const actionData = `<VMM_DRIVER_ACTION_DATA><DATASTORE><TEMPLATE><SHARED>YES</SHARED></TEMPLATE></DATASTORE>${vm}</VMM_DRIVER_ACTION_DATA>`;
const reported = '<MIGRATE_GUARD>safe</MIGRATE_GUARD><MIGRATE_GUARD_TIME>t</MIGRATE_GUARD_TIME>';
const record = '<HOSTNAME>kvm1</HOSTNAME><VM_MAD>kvm</VM_MAD><TM_MAD>ssh</TM_MAD>';
const placed = `<VM><ID>7</ID><NAME>a</NAME><STATE>3</STATE><LCM_STATE>3</LCM_STATE><HISTORY_RECORDS><HISTORY>${record}</HISTORY></HISTORY_RECORDS><MONITORING>${reported}</MONITORING></VM>`;
const host = '<HOST><NAME>kvm1</NAME><STATE>2</STATE><VM_MAD>kvm</VM_MAD></HOST>';
const hook = '<HOOK><TEMPLATE><COMMAND>migrate-guard/pre-migrate</COMMAND></TEMPLATE></HOOK>';
const answer =
  '<methodResponse><params><param><value><array><data><value><boolean>1</boolean></value><value><string>x</string></value></data></array></value></param></params></methodResponse>';
const words = ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'];

/** The document, the tag before which the foreign text is inserted, and the reader. */
const documents: readonly (readonly [string, string, string, (text: string) => unknown])[] = [
  ['status XML, as a domain', status, '<uuid>', (text) => domainOf(readXml(text))],
  ['status XML, as a job', status, '<uuid>', (text) => jobIn(readXml(text))],
  ['onevm show -x', vm, '<MIGRATE_GUARD_MODE>', readVmEvent],
  [
    'an event in Base64',
    vm,
    '<MIGRATE_GUARD_MODE>',
    (text) => readVmEvent(Buffer.from(text).toString('base64')),
  ],
  [
    "a driver's input",
    actionData,
    '<MIGRATE_GUARD_MODE>',
    (text) => {
      const request = readMoveRequest('migrate', words, actionDataIn(Buffer.from(text)), readXml(text));
      return { ...(request as MoveRequest), xml: '', base64: '' };
    },
  ],
  [
    'onevm list -x',
    `<VM_POOL>${placed}${placed}</VM_POOL>`,
    '<HISTORY_RECORDS>',
    (text) => readVmPool(readXml(text)),
  ],
  ['onehost list -x', `<HOST_POOL>${host}</HOST_POOL>`, '<VM_MAD>', (text) => kvmHosts(readXml(text))],
  [
    'onehook list -x',
    `<HOOK_POOL>${hook}</HOOK_POOL>`,
    '<COMMAND>',
    (text) => registeredHooks(readXml(text)),
  ],
  [
    'the last monitoring',
    `<MONITORING_DATA><MONITORING><ID>7</ID>${reported}</MONITORING></MONITORING_DATA>`,
    '<MIGRATE_GUARD>',
    (text) => readMonitoring(readXml(text)),
  ],
  ['an answer of oned', answer, '<params>', (text) => decodeAnswer(readXml(text))],
];

/** The name as an element, as an attribute, as both, within itself, and repeated. */
const theirs = (name: string): string =>
  `<${name}/><x ${name}="1" y="2"/><${name} ${name}="3"><${name}>z</${name}></${name}><${name}><![CDATA[z]]></${name}>`;

describe.each(documents)('%s', (_, text, before, read) => {
  const expected = read(text);

  test.each(hostileNames)('with %s in it', (name) => {
    const parts = text.split(before);
    expect(parts.length).toBeGreaterThan(1);
    expect(read(parts.join(theirs(name) + before))).toEqual(expected);
  });
});

test('the readers find the data of the documents', () => {
  const [domain, job, shown, event, request, vms, hosts, hooks, monitoring, said] = documents.map(
    ([, text, , read]) => read(text),
  );
  expect([domain, job, said]).toMatchObject([{ name: 'one-310', pid: 90 }, 'migration out', 'x']);
  expect([shown, event, request]).toMatchObject(Array(3).fill({ vmId: '310', guardMode: { mode: 'warn' } }));
  expect([vms, hosts, hooks]).toMatchObject([[{ id: 7 }, { id: 7 }], [{ name: 'kvm1' }], ['pre-migrate']]);
  expect((monitoring as ReturnType<typeof readMonitoring>).get(7)?.verdict).toBe('safe');
});
