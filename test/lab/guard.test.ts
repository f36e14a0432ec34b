import { join } from 'node:path';
import type { GuardReport } from '../../src/workflows/guard';
import { Gate, latePath } from './gate';
import { ABSENT, type Domain, type Emulator, Lab } from './harness';

const program = join(__dirname, '../../dist/migrate-guard.cjs');

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
});

afterAll(() => lab.stop());

interface Guarded {
  readonly exit: number | null;
  readonly report: GuardReport;
}

/** Runs a guarded verb on the first host, as root, and gives its document. */
async function guarded(...args: readonly string[]): Promise<Guarded> {
  const { exit, stdout, stderr } = await lab
    .host('kvm1')
    .run([process.execPath, program, ...args, '--json'], { deadline: 90_000 });
  try {
    return { exit, report: JSON.parse(stdout) as GuardReport };
  } catch {
    throw new Error(`migrate-guard ${args.join(' ')} ended with ${exit ?? 'a signal'}: ${stdout}${stderr}`);
  }
}

const running = { state: 'running', processes: 1 };

async function expectOnlyOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
  const other = host === 'kvm1' ? 'kvm2' : 'kvm1';
  expect(await lab.whereRuns(domain)).toEqual({ [host]: running, [other]: ABSENT });
}

async function expectAliveOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
  await expectOnlyOn(host, domain);
  const there = host === 'kvm1' ? domain : domain.on(lab.host(host));
  await there.expectCounting();
  await there.verifyPattern();
  await there.destroy();
}

describe.each([
  ['Debian’s QEMU', 'debian', 100],
  ['affected QEMU 7.2.0', 'affected', 200],
] as readonly (readonly [string, Emulator, number])[])('%s', (_, emulator, base) => {
  test('a healthy domain is moved at the first command', async () => {
    const domain = await lab.startDomain(base, { emulator });
    const { exit, report } = await guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result, report.actions]).toEqual([0, 'done', []]);
    expect(report.attempts).toEqual([{ mover: 'virsh migrate', exit: 0 }]);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain with missing paths is repaired and moved at the first command', async () => {
    const domain = await lab.startDomain(base + 1, { emulator, disks: 3 });
    lab.relink(domain, 0);
    lab.relink(domain, 2);
    const { exit, report } = await guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    expect(report.actions.map(({ action }) => action)).toEqual(['repair']);
    expect(report.attempts).toHaveLength(1);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain that an unguarded migration left behind is healed and moved at the first command', async () => {
    const domain = await lab.startDomain(base + 2, { emulator });
    lab.relink(domain);
    expect((await lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    const { exit, report } = await guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    expect(report.actions.map(({ action }) => action)).toEqual(['repair', 'reset']);
    await expectAliveOn('kvm2', domain);
  });

  test('a domain that is half-inactive is healed and moved at the first command', async () => {
    // A guest that writes nothing: on the affected QEMU its first write would kill it before anybody could help.
    const disks = ['vda', 'vdb'].map(async (target) => ({
      target,
      volume: await lab.volume({ writesTo: [] }),
    }));
    const domain = await lab.startDomain(base + 3, { emulator, disks: await Promise.all(disks) });
    lab.relink(domain, 1);
    expect((await lab.migrate(domain, 'kvm2')).exit).not.toBe(0);
    const { exit, report } = await guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result]).toEqual([0, 'done']);
    await expectOnlyOn('kvm2', domain);
    await domain.on(lab.host('kvm2')).expectCounting();
    await domain.on(lab.host('kvm2')).destroy();
  });

  test('a wrong device is refused, and the domain runs on', async () => {
    const domain = await lab.startDomain(base + 4, { emulator });
    const other = await lab.volume({ name: `other-${base}` });
    lab.host('kvm1').link(domain.disks[0]?.path ?? '', `/dev/storpool/other-${base}`);
    const { exit, report } = await guarded('migrate', domain.name, 'kvm2');
    expect([exit, report.result, report.attempts]).toEqual([1, 'refused', []]);
    expect(report.what).toContain(`leads to block device ${other.rdev}`);
    await expectAliveOn('kvm1', domain);
  });

  test('a path that breaks between check and move: re-activated at once, repaired, moved at the second attempt', async () => {
    const domain = await lab.startDomain(base + 5, { emulator });
    // As in a storage update at the worst moment.
    const { environment: env } = Gate.on(domain.host, { beforeMove: latePath(lab, domain) });
    const argv = [process.execPath, program, 'migrate', domain.name, 'kvm2', '--json'] as const;
    const { exit, stdout, stderr } = await lab.host('kvm1').run(argv, { deadline: 90_000, env });
    const report = JSON.parse(
      stdout === '' ? `{"stderr": ${JSON.stringify(stderr)}}` : stdout,
    ) as GuardReport;
    expect(report).toMatchObject({
      result: 'done',
      attempts: [{ cause: 'handing-over' }, { exit: 0 }],
    });
    expect(exit).toBe(0);
    expect(report.actions.map(({ action }) => action)).toContain('re-activate');
    expect(report.reactivation).toBeGreaterThanOrEqual(0);
    await expectAliveOn('kvm2', domain);
  });
});
