import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainReport, Finding } from '../../src/core/finding';
import type { FleetDomain } from '../../src/fleet/model/fleet';
import type { Step } from '../../src/core/repair-step';
import type { RolloutResult } from '../../src/fleet/rollout';
import { useAuditStage, vm } from './audit-testbed';

/** `repair` and `reset` over the fleet: which VMs they select, and what they report of the others. */

const stage = useAuditStage();

const step: Step = { step: 'make-directory', path: '/dev/storpool-byid', mode: 0o755, uid: 0, gid: 0 };
const missing: Finding = {
  check: 'disk-path',
  state: 'problem',
  disk: 'vda',
  path: '/dev/storpool-byid/x',
  what: '/dev/storpool-byid is missing',
  remedy: 'migrate-guard repair',
  plan: [step],
};

function aReport(id: number, changes: Partial<DomainReport> = {}): DomainReport {
  const base = { domain: `one-${id}`, pid: 1000 + id, findings: [missing], plan: [step] };
  return { ...base, verdict: 'repairable', blockState: 'healthy', ...changes };
}

interface Document {
  readonly domains: readonly RolloutResult[];
  readonly others: readonly FleetDomain[];
  readonly notBegun: readonly string[];
}

/** Two VMs with the same name on kvm1, one more on kvm2; all can be repaired. */
function threeRepairable(): void {
  stage.opennebula.holds({
    hosts: [{ name: 'kvm1' }, { name: 'kvm2' }],
    vms: [
      vm(1, { name: 'web' }),
      vm(6, { name: 'web' }),
      vm(7, { name: 'db', host: 'kvm2' }),
      vm(8, { name: 'safe' }),
    ],
  });
  const safe = aReport(8, { verdict: 'safe', findings: [], plan: [] });
  stage.hosts.tell({
    kvm1: { domains: [aReport(1), aReport(6), safe] },
    kvm2: { domains: [aReport(7)] },
  });
}

async function mend(...words: readonly string[]): Promise<{ exit: number | null; reported: Document }> {
  const { exit, stdout, stderr } = await stage.command([...words, '--json']);
  expect(stderr).toBe('');
  return { exit, reported: JSON.parse(stdout) as Document };
}

describe('--except', () => {
  beforeEach(threeRepairable);

  test.each([
    ['1', ['one-6', 'one-7']],
    ['one-1, 6', ['one-7']],
    [' one-1 ,db', ['one-6']],
    // Two VMs have this name: both are excluded.
    ['web', ['one-7']],
    ['safe,8', ['one-1', 'one-6', 'one-7']],
  ])('%p excludes these VMs and no other', async (except, repaired) => {
    const { exit, reported } = await mend('repair', '--all', '--hosts', 'all', '--except', except);
    expect(reported.domains.map(({ domain }) => domain)).toEqual(repaired);
    expect(stage.hosts.requests.map((line) => line.split(' ')[2])).toEqual(repaired);
    // An excluded VM still has its problem.
    expect(exit).toBe(repaired.length === 3 ? 0 : 1);
  });

  test.each([
    ['wbe', '"wbe" names no VM of these hosts', 'did you mean web?'],
    ['one-1,one-99', '"one-99" names no VM of these hosts', 'did you mean one-'],
    ['one-1,', '"" names no VM of these hosts', 'name it by its id, its domain or its name'],
    ['one-1 6', '"one-1 6" names no VM', 'did you mean one-1?'],
  ])('%p is refused before anything is done', async (except, what, remedy) => {
    for (const verb of ['repair', 'reset']) {
      const { exit, stdout, stderr } = await stage.command([
        ...[verb, '--all', '--hosts', 'all'],
        ...['--except', except],
      ]);
      expect([exit, stdout]).toEqual([64, '']);
      expect(stderr).toContain(what);
      expect(stderr).toContain(remedy);
    }
    expect(stage.hosts.requests).toEqual([]);
  });

  test('a VM on a host that is not selected is refused, too', async () => {
    const { exit } = await stage.command(['repair', '--all', '--hosts', 'kvm1', '--except', 'db']);
    expect([exit, stage.hosts.requests]).toEqual([64, []]);
  });
});

/** A clock on which minutes have passed as soon as that file is not empty. */
const fastClock = (file: string): string => `
const { statSync } = require('node:fs');
const { setTimeout: later } = globalThis;
globalThis.setTimeout = (work, time, ...rest) => {
  if (!(time > 60000)) return later(work, time, ...rest);
  let hasBegun = false;
  const timer = setInterval(() => {
    // Once more around the event loop: what was said before is read first.
    if (hasBegun) clearInterval(timer), work(...rest);
    hasBegun = statSync(${JSON.stringify(file)}).size > 0;
  }, 10);
  return timer;
};
`;

test.each([
  ['repair', 'repairable', 'healthy'],
  ['reset', 'blocked', 'stuck'],
] as const)('%s: the wait for an agent that hangs is bounded', async (verb, verdict, blockState) => {
  stage.opennebula.holds({ hosts: [{ name: 'kvm1' }], vms: [vm(1), vm(2)] });
  const domains = [1, 2].map((id) => aReport(id, { verdict, blockState }));
  stage.hosts.tell({ kvm1: { domains, ends: { 'one-1': 'hangs' } } });
  const clock = join(stage.hosts.directory, 'fast-clock.cjs');
  writeFileSync(clock, fastClock(stage.hosts.asked), { mode: 0o644 });
  const words = [verb, '--all', '--hosts', 'all', '--json'];
  const { exit, stdout } = await stage.command(words, { NODE_OPTIONS: `--require ${clock}` });
  const reported = JSON.parse(stdout) as Document;
  expect([exit, reported.notBegun]).toEqual([2, ['one-2']]);
  expect(reported.domains).toEqual([
    expect.objectContaining({
      domain: 'one-1',
      result: 'undecided',
      exit: 2,
      what: 'the guard started its work, and then its connection was lost: no answer within 300 s',
    }),
  ]);
  expect(stage.hosts.requests).toEqual([`kvm1 ${verb} one-1`]);
});

describe('a VM after the incident: its path is missing, and its block state is unknown or bad', () => {
  const handedOver: Finding = {
    check: 'block-state',
    state: 'unknown',
    what: 'handing over failed',
    remedy: 'migrate-guard reset one-1',
  };
  const stuck: Finding = { ...handedOver, state: 'problem', what: 'disable_perm was left on' };
  const oneVm = (changes: Partial<DomainReport>): void => {
    stage.opennebula.holds({ hosts: [{ name: 'kvm1' }], vms: [vm(1)] });
    stage.hosts.tell({ kvm1: { domains: [aReport(1, changes)] } });
  };
  const repair = ['repair', '--all', '--hosts', 'all'] as const;

  test.each([
    ['undecided', 'unknown', handedOver, 2],
    ['blocked', 'half-inactive', stuck, 1],
    ['blocked', 'stuck', stuck, 1],
  ] as const)(
    '%s, %s: its paths are repaired, and the other problems are named',
    async (verdict, blockState, block, exit) => {
      oneVm({ verdict, blockState, findings: [missing, block] });
      const reported = await mend(...repair);
      expect([reported.exit, reported.reported.domains, reported.reported.others]).toMatchObject([
        exit,
        [{ domain: 'one-1', exit: 0 }],
        [{ domain: 'one-1', blockState }],
      ]);
      expect(stage.hosts.requests).toEqual(['kvm1 repair one-1']);
      expect((await stage.command(repair)).stdout).toBe(
        `only its paths are repaired: one-1 on kvm1: ${verdict}: ${block.what}\n` +
          '  -> on kvm1: migrate-guard reset one-1\n1 VMs to repair\none-1 vm1 on kvm1: done: done\n1 done\n',
      );
      expect((await stage.audit('--live')).stdout).toContain('\n  migrate-guard repair --all --hosts kvm1\n');
    },
  );

  test.each<[string, Partial<DomainReport>]>([
    ['a path is unknown', { findings: [missing, { ...handedOver, check: 'disk-device' }] }],
    ['a path cannot be repaired', { findings: [missing, { ...stuck, check: 'disk-device' }] }],
    ['nothing would be made', { findings: [handedOver], plan: [] }],
  ])('skipped, with the remedy, when %s', async (_, changes) => {
    const verdict =
      changes.findings?.some(({ what }) => what === stuck.what) === true ? 'blocked' : 'undecided';
    oneVm({ verdict, blockState: 'unknown', ...changes });
    const { exit, stdout } = await stage.command(repair);
    expect([exit, stage.hosts.requests]).toEqual([verdict === 'blocked' ? 1 : 2, []]);
    expect(stdout).toMatch(
      /^left alone: one-1 on kvm1: .*\n {2}-> on kvm1: migrate-guard reset one-1\n0 VMs to repair\nnothing to repair\n$/,
    );
  });

  test('a report that is not from the host itself causes no action there', async () => {
    oneVm({});
    stage.hosts.tell({ kvm1: { domains: [] } });
    const { exit, stdout } = await stage.command(repair);
    expect([exit, stdout]).toEqual([
      2,
      expect.stringContaining(
        'but no QEMU of it was found, there or on another host that was asked\n  -> onevm show 1; on kvm1: virsh list --all\n',
      ),
    ]);
  });
});

test.each([
  ['another volume', 'blocked', { check: 'disk-device', state: 'problem', what: 'another volume' }],
  ['a path that could not be read', 'undecided', { check: 'disk-path', state: 'unknown', what: 'late' }],
] as const)(
  'reset skips a VM whose block state is unknown, and names the command, whatever else is wrong: %s',
  async (_, verdict, other) => {
    stage.opennebula.holds({ hosts: [{ name: 'kvm1' }], vms: [vm(1)] });
    const remedy = 'migrate-guard reset one-1';
    const unsure: Finding = { check: 'block-state', state: 'unknown', what: 'the log is not whole', remedy };
    const reported = {
      verdict,
      blockState: 'unknown',
      findings: [{ ...other, remedy: 'x' }, unsure],
      plan: [],
    };
    stage.hosts.tell({ kvm1: { domains: [aReport(1, reported as Partial<DomainReport>)] } });
    const { stdout } = await stage.command(['reset', '--all', '--hosts', 'all']);
    expect(stdout).toContain(
      `left alone: one-1 on kvm1: block state unknown: the log is not whole\n  -> on kvm1: ${remedy}\n`,
    );
  },
);
