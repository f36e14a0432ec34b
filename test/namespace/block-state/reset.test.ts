import { once } from 'node:events';
import { appendFileSync, createReadStream, statSync, truncateSync, writeFileSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import type { ResetReport } from '../../../src/block-state/reset-report';
import { giveToQemu, logDirectory, placeDisk, stateDirectory, useStage, type Qemu } from '../harness';
import { tellOf, writeLog } from '../faults/failed-migration';
import { configuration, furnish, waitForVirsh } from '../faults/workflow';
import { handingOverFailed } from '../harness/fake-virsh';

// `reset` of one VM and of all on a host, where no memory can be read. There are three VMs: the logs of the first and
// the last show a failed migration, that of the second shows none. A fake `virsh` answers as QEMU does.

const on = useStage();
let first: Qemu;

beforeEach(async () => {
  furnish(on.stage);
  ({ qemu: first } = await on.startHealthy());
  tellOf(on.stage, 'failed');
  for (const [vm, hasFailed] of [
    [311, false],
    [312, true],
  ] as const) {
    const disk = await placeDisk(on.stage, on.volume(0), 0, vm);
    const name = `one-${vm}`;
    await on.stage.startQemu({ name, disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    writeLog(on.stage, name, hasFailed);
  }
});

function run(...argv: readonly string[]): Promise<CommandResult> {
  const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
  return on.stage.run([...argv, '--config', configuration], { env });
}

/** The exit status, and for each reported VM the result, the block state, and the reason. */
async function resetAll(): Promise<{ exit: number | null; told: readonly (readonly string[])[] }> {
  const { exit, stdout } = await run('reset', '--all', '--json');
  const { domains } = JSON.parse(stdout) as { domains: ResetReport[] };
  return { exit, told: domains.map(({ domain, result, what }) => [domain, result, what]) };
}

/** What virsh does first for a query about the first VM; `case` patterns and shell commands. */
function whenFirst(cases: string): void {
  const answers = on.stage.host.read('/mnt/bin/virsh').replace('#!/bin/sh\n', '');
  const script = `#!/bin/sh\ncase "$*" in *${first.uuid}*) case "$*" in ${cases} ;; esac ;; esac\n${answers}`;
  on.stage.host.file('/mnt/bin/virsh', script, { mode: 0o755 });
}

const healed = (name: string): unknown => [name, 'healed', expect.stringContaining('healed by cont')];

describe('with --all', () => {
  test('a VM whose block state is unknown after a failure is reset; a healthy one is not reported', async () => {
    expect(await run('inspect', '--all')).toMatchObject({
      exit: 2,
      stdout: expect.stringContaining('-> migrate-guard reset one-310') as string,
    });
    expect(await resetAll()).toEqual({ exit: 0, told: [healed('one-310'), healed('one-312')] });
    expect(await run('reset', '--all')).toMatchObject({ exit: 0, stdout: 'nothing to reset\n' });
  });

  test('a VM that cannot be read is undecided, and does not prevent the reset of others', async () => {
    on.stage.writeStatus('one-310', '<domstatus>');
    const { exit, told } = await resetAll();
    expect({ exit, told }).toEqual({
      exit: 2,
      told: [['one-310', 'undecided', expect.stringContaining('one-310.xml')], healed('one-312')],
    });
  });

  test('a busy VM is reported, and the rest are reset', async () => {
    await on.stage.host.node('/mnt/told', 'p');
    await on.stage.host.node('/mnt/go', 'p');
    whenFirst(`*'"cont"'*) echo x >/mnt/told; read go </mnt/go`);
    waitForVirsh(on.stage);
    const other = run('reset', 'one-310');
    await once(createReadStream(on.stage.host.path('/mnt/told')), 'data');
    const { exit, told } = await resetAll();
    writeFileSync(on.stage.host.path('/mnt/go'), 'go\n');
    expect({ exit, told }).toEqual({
      exit: 5,
      told: [
        ['one-310', 'busy', expect.stringContaining('one-310 is locked by another migrate-guard')],
        healed('one-312'),
      ],
    });
    expect(await other).toMatchObject({ exit: 0 });
  });

  test('a VM that ends in between is undecided, and the rest are reset', async () => {
    whenFirst(`*query-named-block-nodes*) rm -f ${stateDirectory}/one-310.xml`);
    expect(await resetAll()).toEqual({
      exit: 2,
      told: [['one-310', 'undecided', 'no domain one-310 runs on this host'], healed('one-312')],
    });
  });

  test('a VM that may not be reset is refused, and the rest are reset', async () => {
    whenFirst(`*query-status*) echo '{"return":{"status":"paused"}}'; exit ;; *domstate*) echo paused; exit`);
    expect(await resetAll()).toEqual({
      exit: 1,
      told: [
        ['one-310', 'refused', expect.stringContaining('the guest is paused, and cont would start it')],
        healed('one-312'),
      ],
    });
  });

  test('after a failed reset no other one starts, and all are named', async () => {
    whenFirst(`*'"cont"'*) echo '{"error":{"class":"GenericError","desc":"no such device"}}'; exit`);
    expect(await resetAll()).toEqual({
      exit: 3,
      told: [
        ['one-310', 'failed', expect.stringContaining('QEMU refused cont: no such device')],
        ['one-312', 'refused', 'not started, because the reset of one-310 ended with: failed'],
      ],
    });
    expect(await run('inspect', 'one-312')).toMatchObject({ exit: 2 });
  });
});

test('the marker of a reset does not apply to a log that was truncated since, however long it grows', async () => {
  expect(await run('reset', 'one-310')).toMatchObject({ exit: 0 });
  expect(await run('inspect', 'one-310')).toMatchObject({ exit: 0 });
  const log = on.stage.host.path(`${logDirectory}/one-310.log`);
  const { size } = statSync(log);
  truncateSync(log);
  appendFileSync(log, `${handingOverFailed}\n`.padEnd(size, '\n'));
  expect(await run('inspect', 'one-310')).toMatchObject({ exit: 2 });
});

describe('a suspend and resume that libvirtd does not complete', () => {
  const suspend = (...more: readonly string[]): Promise<CommandResult> =>
    run('reset', 'one-310', '--strategy', 'suspend-resume', '--json', ...more);

  test.each([
    ['libvirtd is gone', 'exit 1', 4, 'paused', 'whether it runs is not known'],
    ['the guest is paused', 'echo paused; exit', 4, 'paused', 'it is paused'],
    ['the guest runs', 'echo running; exit', 3, 'failed', 'connection lost'],
  ])('%s', async (_, domstate, exit, result, what) => {
    whenFirst(`
      *suspend*) echo 'error: connection lost' >&2; : >/mnt/suspended; exit 1 ;;
      *domstate*) [ -e /mnt/suspended ] || { echo running; exit; }; ${domstate} ;;
      *) [ ! -e /mnt/suspended ] || exit 1`);
    const answer = await suspend();
    const report = JSON.parse(answer.stdout) as ResetReport;
    expect([answer.exit, report.result]).toEqual([exit, result]);
    expect(report.what).toContain(what);
    expect(report.actions).toMatchObject([
      { strategy: 'suspend-resume', outcome: 'failed', what: 'connection lost' },
    ]);
    expect(report.remedy).toBe(
      result === 'paused'
        ? 'virsh resume one-310'
        : 'remove the cause, then reset again; before that do not migrate it, save it or resize its disks',
    );
  });
});
