import { versionNumber } from '../../../src/cli/version';
import type { CommandResult } from '../../../src/os/run-command';
import { writeLog } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import { stateDirectory, statusXml, useStage, type Healthy } from '../harness';
import { localSsh, ordersTo, recordingVirsh } from '../harness/fake-virsh';

// Any user can start a process with the command line of a QEMU. Only libvirt's own files show which process a domain
// is.

const on = useStage();
let healthy: Healthy;

beforeEach(async () => {
  furnish(on.stage);
  furnishHostHalf(on.stage);
  healthy = await on.startHealthy();
  const { disk, qemu } = healthy;
  const status = statusXml({ name: 'one-310', uuid: qemu.uuid, pid: qemu.pid, disks: [disk] });
  const xml = /<domain [^]*<\/domain>/.exec(status)?.[0] ?? '';
  on.stage.host.file('/mnt/one-310.xml', xml, { mode: 0o644 });
  // A libvirtd that knows the domain and reports a failed migration of it.
  const known = `*' list '*) echo '${qemu.uuid} one-310' ;;
    *dumpxml*) cat /mnt/one-310.xml ;;
    *query-migrate*) echo '{"return":{"status":"failed"}}' ;;`;
  on.stage.host.file('/mnt/bin/virsh', recordingVirsh(known), { mode: 0o755 });
  on.stage.host.file('/mnt/bin/ssh', localSsh, { mode: 0o755 });
  writeLog(on.stage, 'one-310', true);
  // There is something to repair, so that a repair would show.
  qemu.tree.remove('/dev/storpool');
});

function run(argv: readonly string[], input?: object): Promise<CommandResult> {
  return on.stage.run(argv, {
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
    deadline: 60_000,
    ...(input ? { input: `${JSON.stringify({ version: versionNumber, ...input })}\n` } : {}),
  });
}

function list(): string {
  return healthy.qemu.tree.inside('find', '/dev', '-printf', '%p %i %M %U:%G %C@ %l\n');
}

/** Expects no change of the process or of libvirtd's domain. */
async function expectUntouched(work: () => Promise<CommandResult>): Promise<CommandResult> {
  const before = list();
  const result = await work();
  expect(list()).toBe(before);
  expect(ordersTo(on.stage)).toBe('');
  return result;
}

describe('libvirt’s directory is missing', () => {
  beforeEach(() => on.stage.host.remove(stateDirectory));

  test.each([
    ['check', ['check', '310']],
    ['check --all', ['check', '--all']],
    ['check --deep', ['check', '310', '--deep']],
    ['explain', ['explain', '310']],
    ['repair', ['repair', '310']],
    ['repair --dry-run', ['repair', '310', '--dry-run']],
    ['repair --all', ['repair', '--all']],
    ['inspect', ['inspect', '310']],
    ['audit --here', ['audit', '--here']],
  ])('%s: undecided', async (_, argv) => {
    const words = [...argv, '--json', '--config', configuration];
    const { exit, stdout } = await expectUntouched(() => run(words));
    const { domains } = JSON.parse(stdout) as { domains?: unknown };
    expect({ exit, domains }).toMatchObject({
      exit: 2,
      domains: [
        { domain: 'one-310', verdict: 'undecided', findings: [{ check: 'domain', state: 'unknown' }] },
      ],
    });
  });

  test.each([
    ['reset', ['reset', '310']],
    ['reset --dry-run', ['reset', '310', '--dry-run']],
    ['migrate', ['migrate', '310', 'kvm2']],
    ['save', ['save', '310', '/mnt/file']],
  ])('%s: undecided', async (_, argv) => {
    const { exit } = await expectUntouched(() => run([...argv, '--json', '--config', configuration]));
    expect(exit).toBe(2);
  });

  const [domain, destination] = ['one-310', 'kvm2'];
  test.each([
    ['migrate', { action: 'migrate', domain, destination, checkDestination: false }],
    ['save', { action: 'save', domain }],
    ['prepare', { action: 'prepare', domain, destination }],
    ['repair', { action: 'repair', domain, dryRun: false }],
    ['reset', { action: 'reset', domain, dryRun: false }],
    ['heal', { action: 'heal', domain, destination }],
  ])('the agent, %s: undecided', async (_, request) => {
    const { stdout } = await expectUntouched(() => run(['host'], request));
    const lines = stdout.trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ kind: 'end', exit: 2 });
    expect(lines).not.toContain(JSON.stringify({ kind: 'move' }));
  });
});

describe('a file there that does not belong to root identifies no process', () => {
  const check = ['repair', '310', '--json', '--config', configuration];
  const undecided = { domains: [{ domain: 'one-310', verdict: 'undecided' }] };

  test('the status XML', async () => {
    on.stage.host.own(`${stateDirectory}/one-310.xml`, { uid: 9869, mode: 0o600 });
    const { exit, stdout } = await expectUntouched(() => run(check));
    expect({ exit, ...(JSON.parse(stdout) as object) }).toMatchObject({ exit: 2, ...undecided });
  });

  test('the pid file, if the status XML contains no pid', async () => {
    const file = `${stateDirectory}/one-310.xml`;
    on.stage.writeStatus('one-310', on.stage.host.read(file).replace(/ pid='\d+'/, ''));
    on.stage.host.own(`${stateDirectory}/one-310.pid`, { uid: 9869, mode: 0o644 });
    const { exit, stdout } = await expectUntouched(() => run(check));
    expect({ exit, ...(JSON.parse(stdout) as object) }).toMatchObject({ exit: 2, ...undecided });
  });
});
