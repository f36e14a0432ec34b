import { isDeepStrictEqual } from 'node:util';
import { hostActions, type HostAction } from '../../../src/agent-protocol/model/request';
import { Stage, Volume } from '../harness';
import { buildPresent, buildRelease, previousRelease, type Bundles } from './releases/bundles';
import { RollOut, type Halves, type Outcome } from './releases/roll-out';

/**
 * Front-end and agent of different releases, as for hours during a rollout over many hosts: every action is either
 * done completely, as with one release, or refused without any change.
 */

const made: Bundles[] = [];
let present: Bundles;
let previous: Bundles;
/** The previous release, with a different version number, as each release has. */
let numbered: Bundles;
let volume: Volume | undefined;

beforeAll(async () => {
  made.push((present = await buildPresent()));
  made.push((previous = await buildRelease(previousRelease)));
  made.push((numbered = await buildRelease(previousRelease, '0.0.9')));
});
afterAll(() => {
  for (const bundles of made) bundles.remove();
  volume?.release();
});

async function outcome(action: HostAction, halves: Halves): Promise<Outcome> {
  volume ??= await Volume.create();
  const stage = await Stage.start('');
  try {
    return await (await RollOut.start(stage, volume, halves)).ask(action);
  } finally {
    await stage.end();
  }
}

/** The effects of each action on a VM whose path is missing and whose disks QEMU could not hand over. */
const served: Readonly<Record<HostAction, Omit<Outcome, 'said'>>> = {
  migrate: { exit: 0, repaired: true, done: ['cont', 'migrate', 'cont', 'cont', 'migrate'] },
  save: { exit: 0, repaired: true, done: ['cont', 'save'] },
  prepare: { exit: 0, repaired: true, done: ['cont'] },
  heal: { exit: 0, repaired: true, done: ['cont'] },
  repair: { exit: 0, repaired: true, done: [] },
  reset: { exit: 0, repaired: false, done: ['set-active'] },
  probe: { exit: 0, repaired: false, done: [] },
  audit: { exit: 2, repaired: false, done: [] },
  foresee: { exit: 0, repaired: false, done: [] },
  state: { exit: 1, repaired: false, done: [] },
};

/** The effects if the agent refuses: the mover runs without it, and nothing else changes. */
const refused: typeof served = {
  ...served,
  migrate: { exit: 1, repaired: false, done: ['migrate'] },
  save: { exit: 0, repaired: false, done: ['save'] },
  prepare: { exit: 0, repaired: false, done: [] },
  heal: { exit: 0, repaired: false, done: [] },
  repair: { exit: 2, repaired: false, done: [] },
  reset: { exit: 2, repaired: false, done: [] },
  foresee: { exit: 2, repaired: false, done: [] },
};

/** Only an agent that has run the action can report these. */
const findings = /DEPLOY_ID=|is missing in QEMU|"now": "repairable"|the (agent|root-only half) is/;

function isServed(action: HostAction, { said, ...effects }: Outcome): boolean {
  const isAsked = ['probe', 'audit', 'foresee', 'state'].includes(action);
  return isDeepStrictEqual(effects, served[action]) && (!isAsked || findings.test(said));
}

/** The probe prints nothing then, because a failing probe would cost a host its monitoring. */
function isRefused(action: HostAction, { said, ...effects }: Outcome): boolean {
  const tells =
    action === 'probe' ? said === '' : /the front-end has migrate-guard .*, and this host has/.test(said);
  return isDeepStrictEqual(effects, refused[action]) && tells && !findings.test(said);
}

test('a clone without the history of the previous release reports what it lacks', async () => {
  await expect(buildRelease('0'.repeat(40))).rejects.toThrow(
    'is not in the history of this clone: get all of it',
  );
});

describe.each(hostActions)('%s', (action) => {
  test('both of this release: served', async () => {
    const one = await outcome(action, { frontend: present, host: present });
    expect(one).toMatchObject(served[action]);
    expect(isServed(action, one)).toBe(true);
  });

  test.each([
    ['front-end', () => ({ frontend: present, host: previous })],
    ['host', () => ({ frontend: previous, host: present })],
  ])('only the %s has been upgraded: served or refused', async (_, halves) => {
    const one = await outcome(action, halves());
    const as = isServed(action, one) ? 'served' : isRefused(action, one) ? 'refused' : 'half done';
    expect([as, one]).toEqual([expect.stringMatching(/^(served|refused)$/), expect.anything()]);
  });

  test.each([
    ['front-end', () => ({ frontend: present, host: numbered })],
    ['host', () => ({ frontend: numbered, host: present })],
  ])('only the %s has been upgraded, to another version: refused', async (_, halves) => {
    const one = await outcome(action, halves());
    expect([isRefused(action, one), one]).toEqual([true, expect.anything()]);
  });
});
