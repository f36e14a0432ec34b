import { versionNumber } from '../../../src/cli/version';
import type { CommandResult } from '../../../src/os/run-command';
import { writeLog } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import { giveToQemu, HostileQemu, placeDisk, useStage, type Qemu } from '../harness';
import { localSsh, ordersTo, recordingVirsh } from '../harness/fake-virsh';

// A guest that has taken over its QEMU may make it unshare a user and a mount namespace, and mount other programs
// there. A lookup in that namespace would run them as root of the host.

const on = useStage({ volumes: 2 });
let hostile: HostileQemu;

beforeEach(async () => {
  furnish(on.stage);
  furnishHostHalf(on.stage);
  hostile = await HostileQemu.start(on.stage, on.volume(0));
  writeLog(on.stage, 'one-310', false);
  on.stage.host.file('/mnt/bin/virsh', recordingVirsh(), { mode: 0o755 });
  on.stage.host.file('/mnt/bin/ssh', localSsh, { mode: 0o755 });
});

function run(argv: readonly string[], input?: object): Promise<CommandResult> {
  return on.stage.run(argv, {
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
    ...(input ? { input: `${JSON.stringify({ version: versionNumber, ...input })}\n` } : {}),
  });
}

/**
 * Expects that no program of the VM ran, nothing was created there, the VM was not moved, and the reason was printed.
 */
function expectRefused(entries: string, { stdout, stderr }: CommandResult): void {
  expect(hostile.marks).toBe('');
  expect(list()).toBe(entries);
  expect(ordersTo(on.stage)).toBe('');
  expect(`${stdout}${stderr}`).toMatch(/user namespace/i);
}

function list(): string {
  return hostile.qemu.tree.inside('/usr/bin/find', '/dev', '-printf', '%p %i %M %U:%G %C@ %l\n');
}

test('its programs are there: a lookup would run them', () => {
  hostile.qemu.tree.inside('/usr/bin/setpriv', '--version');
  expect(hostile.marks).toBe('/usr/bin/setpriv ran as uid 0\n');
});

describe('the command', () => {
  test.each([
    ['check', ['check', '310']],
    ['check --deep', ['check', '310', '--deep']],
    ['check --all', ['check', '--all']],
    ['explain', ['explain', '310']],
    ['repair --dry-run', ['repair', '310', '--dry-run']],
    ['repair', ['repair', '310']],
    ['repair --all', ['repair', '--all']],
    ['inspect', ['inspect', '310']],
    ['audit --here', ['audit', '--here']],
  ])('%s: blocked', async (_, argv) => {
    const before = list();
    const result = await run([...argv, '--json', '--config', configuration]);
    expectRefused(before, result);
    const { domains } = JSON.parse(result.stdout) as { domains: unknown };
    expect({ exit: result.exit, domains }).toMatchObject({
      exit: 1,
      domains: [{ domain: 'one-310', verdict: 'blocked' }],
    });
  });

  test.each([
    ['reset --dry-run', ['reset', '310', '--dry-run']],
    ['reset', ['reset', '310']],
    ['reset --strategy memory', ['reset', '310', '--strategy', 'memory']],
    ['reset --strategy gdb', ['reset', '310', '--strategy', 'gdb']],
    ['migrate', ['migrate', '310', 'kvm2']],
    ['save', ['save', '310', '/mnt/file']],
  ])('%s: refused', async (_, argv) => {
    const before = list();
    const result = await run([...argv, '--json', '--config', configuration]);
    expectRefused(before, result);
    expect(result.exit).toBe(1);
    expect(JSON.parse(result.stdout)).toMatchObject({ domain: 'one-310', result: 'refused' });
  });

  test.each([
    ['relink --dry-run', ['--dry-run']],
    ['relink', []],
  ])('%s of the link to its disk: refused, and the link stays', async (_, words) => {
    const before = list();
    const { path, link, node } = hostile.disk;
    on.stage.host.link('/dev/storpool-byid/new', `..${node.slice('/dev'.length)}`);
    const argv = ['relink', path, '/dev/storpool-byid/new', ...words, '--json', '--config', configuration];
    const result = await run(argv);
    expectRefused(before, result);
    expect(result.exit).toBe(1);
    expect(on.stage.host.inside('readlink', path)).toBe(`${link}\n`);
  });

  test('the other VMs of the host are not affected', async () => {
    const disk = await placeDisk(on.stage, on.volume(1), 0, 311);
    const prepare = (tree: Qemu['tree']): Promise<void> => giveToQemu(tree, disk);
    await on.stage.startQemu({ name: 'one-311', disks: [disk], prepare });
    const { stdout } = await run(['check', '--all', '--json', '--config', configuration]);
    expect(JSON.parse(stdout)).toMatchObject({
      domains: [
        { domain: 'one-310', verdict: 'blocked' },
        { domain: 'one-311', verdict: 'safe' },
      ],
    });
  });
});

describe('the agent', () => {
  const [domain, destination] = ['one-310', 'kvm2'];

  test.each([
    ['migrate', { action: 'migrate', domain, destination, checkDestination: false }],
    ['save', { action: 'save', domain }],
    ['prepare', { action: 'prepare', domain, destination }],
    ['repair, dry', { action: 'repair', domain, dryRun: true }],
    ['repair', { action: 'repair', domain, dryRun: false }],
    ['reset, dry', { action: 'reset', domain, dryRun: true }],
    ['reset', { action: 'reset', domain, dryRun: false }],
    ['heal, dry', { action: 'heal', domain, destination, dryRun: true }],
    ['heal', { action: 'heal', domain, destination }],
  ])('%s: refused', async (_, request) => {
    const before = list();
    const result = await run(['host'], request);
    expectRefused(before, result);
    const lines = result.stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end', exit: 1, result: 'refused' });
    expect(lines).not.toContain(JSON.stringify({ kind: 'move' }));
  });

  test.each([
    ['audit', { action: 'audit' }],
    ['foresee', { action: 'foresee', changes: [{ link: '/mnt/one/datastores/0/310/disk.0', target: '/x' }] }],
  ])('%s: blocked', async (_, request) => {
    const before = list();
    const result = await run(['host'], request);
    expectRefused(before, result);
    expect(JSON.parse(result.stdout.split('\n')[1] ?? '')).toMatchObject({
      kind: 'found',
      report: { domain, verdict: 'blocked' },
    });
  });

  test('probe: blocked, with the short form of the reason', async () => {
    const before = list();
    const result = await run(['host'], { action: 'probe' });
    expectRefused(before, result);
    expect(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      kind: 'end',
      exit: 0,
      report: [{ vmId: '310', verdict: 'blocked', reason: 'its QEMU runs in a user namespace of its own' }],
    });
  });
});
