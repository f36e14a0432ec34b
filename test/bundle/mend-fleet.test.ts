import type { DomainReport, Finding } from '../../src/core/finding';
import type { FleetDomain } from '../../src/core/fleet';
import type { Step } from '../../src/core/plan';
import type { Mended } from '../../src/workflows/fleet/mend';
import { useAuditStage, vm } from './audit-stage';

/** `repair` and `reset` over the fleet: which VMs they take, and what they tell of the others. */

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
  readonly domains: readonly Mended[];
  readonly others: readonly FleetDomain[];
  readonly notBegun: readonly string[];
}

/** Two VMs of one name on kvm1, one more on kvm2; all can be repaired. */
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

async function mend(...words: readonly string[]): Promise<{ exit: number | null; told: Document }> {
  const { exit, stdout, stderr } = await stage.command([...words, '--json']);
  expect(stderr).toBe('');
  return { exit, told: JSON.parse(stdout) as Document };
}

describe('--except', () => {
  beforeEach(threeRepairable);

  test.each([
    ['1', ['one-6', 'one-7']],
    ['one-1, 6', ['one-7']],
    [' one-1 ,db', ['one-6']],
    // Two have this name: neither is touched.
    ['web', ['one-7']],
    ['safe,8', ['one-1', 'one-6', 'one-7']],
  ])('%p leaves out these VMs, and no other', async (except, repaired) => {
    const { exit, told } = await mend('repair', '--all', '--hosts', 'all', '--except', except);
    expect(told.domains.map(({ domain }) => domain)).toEqual(repaired);
    expect(stage.hosts.requests.map((line) => line.split(' ')[2])).toEqual(repaired);
    // What was left out still is not in order.
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

  test('of a VM on another host than those that are asked is refused, too', async () => {
    const { exit } = await stage.command(['repair', '--all', '--hosts', 'kvm1', '--except', 'db']);
    expect([exit, stage.hosts.requests]).toEqual([64, []]);
  });
});
