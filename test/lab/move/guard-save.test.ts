import type { GuardReport } from '../../../src/move/move-report';
import { Gate, latePath } from './command-barrier';
import { useGuardStage } from './guard-stage';
import type { Domain, Emulator } from '../harness';

// The same as guard.test.ts for `save`, which is a migration into a file, with the guest paused.

const stage = useGuardStage();

const fileOf = ({ name }: Domain): string => `/var/lib/one/datastores/${name}.save`;

/**
 * Saves at the first command and restores.
 * @returns the actions that were necessary before
 */
async function saved(domain: Domain): Promise<readonly string[]> {
  const { exit, report } = await stage.guarded('save', domain.name, fileOf(domain));
  expect([exit, report.result, report.attempts]).toEqual([0, 'done', [{ mover: 'virsh save', exit: 0 }]]);
  await (await stage.expectRestored(domain, fileOf(domain))).destroy();
  return report.actions.map(({ action }) => action);
}

describe.each([
  ['Debian’s QEMU', 'debian', 500],
  ['affected QEMU 7.2.0', 'affected', 520],
] as readonly (readonly [string, Emulator, number])[])('%s', (_, emulator, base) => {
  test('a healthy domain is saved at the first command', async () => {
    expect(await saved(await stage.lab.startDomain(base, { emulator }))).toEqual([]);
  });

  test('a domain of several disks with missing paths is repaired and saved at the first command', async () => {
    const domain = await stage.lab.startDomain(base + 1, { emulator, disks: 3 });
    stage.lab.relink(domain, 0);
    stage.lab.relink(domain, 2);
    expect(await saved(domain)).toEqual(['repair']);
  });

  test('a domain after a failed unguarded migration is reset and saved at the first command', async () => {
    const domain = await stage.lab.startDomain(base + 2, { emulator });
    stage.lab.relink(domain);
    expect((await stage.lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    expect(await saved(domain)).toEqual(['repair', 'reset']);
  });

  test('a domain that is half-inactive is reset and saved at the first command', async () => {
    const domain = await stage.lab.startSilent(base + 3, { emulator });
    stage.lab.relink(domain, 1);
    expect((await stage.lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    const { exit, report } = await stage.guarded('save', domain.name, fileOf(domain));
    expect([exit, report.result]).toEqual([0, 'done']);
    await domain.host.virsh('restore', fileOf(domain));
    const restored = domain.on(domain.host);
    await restored.expectCounting();
    await restored.destroy();
  });

  test('a wrong device is refused, and the domain continues to run', async () => {
    const domain = await stage.lab.startDomain(base + 4, { emulator });
    const other = await stage.lab.volume({ name: `other-${base}` });
    domain.host.link(domain.disks[0]?.path ?? '', `/dev/storpool/other-${base}`);
    const { exit, report } = await stage.guarded('save', domain.name, fileOf(domain));
    expect([exit, report.result, report.attempts]).toEqual([1, 'refused', []]);
    expect(report.what).toContain(`leads to block device ${other.rdev}`);
    await (await stage.expectAliveOn('kvm1', domain)).destroy();
  });

  test('a path that breaks between check and save: repaired, saved at the second attempt', async () => {
    const domain = await stage.lab.startDomain(base + 5, { emulator });
    const gate = Gate.on(domain.host, { beforeMove: latePath(stage.lab, domain) });
    const { exit, stdout } = await stage.runBehind(gate, 'save', domain.name, fileOf(domain), '--json');
    const report = JSON.parse(stdout) as GuardReport;
    expect(report).toMatchObject({ result: 'done', attempts: [{ cause: 'handing-over' }, { exit: 0 }] });
    expect(exit).toBe(0);
    await (await stage.expectRestored(domain, fileOf(domain))).destroy();
  });
});
