import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { versionNumber } from '../../../src/cli/version';
import type { CommandResult } from '../../../src/os/run-command';
import { tellOf, writeLog } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import { FuseMount, until, useStage, type FuseMode } from '../harness';

// Storage that still reports its free space (statfs), and nothing else: any other access blocks in the kernel, and no
// signal ends it. One VM has its disk there; the other VMs, and queries about them, must not be affected.

let slow: FuseMount | undefined;
// The mount must end before the QEMU that has a file open there.
afterEach(async () => {
  await slow?.end();
  await until(() => left().length === 0, { what: 'what hung there has ended', evidence: left });
});
const on = useStage();

const answerDeadlineMs = 60_000;
/** Longer than the probe's own limit, shorter than OpenNebula's. */
const probeDeadlineMs = 25_000;
const mount = '/mnt/slow';
const disk = { path: '/mnt/one/datastores/0/311/disk.0', type: 'file' } as const;

beforeEach(async () => {
  furnish(on.stage);
  furnishHostHalf(on.stage);
  await on.startHealthy();
  tellOf(on.stage, 'none');
  on.stage.host.directory(mount);
  slow = await FuseMount.mount(on.stage.servant.pid, mount);
  on.stage.host.link(disk.path, `${mount}/disk.0`);
  for (const name of ['one-311', 'one-312']) {
    writeLog(on.stage, name, false);
    await on.stage.startQemu({ name, disks: [disk] });
  }
});

function run(argv: readonly string[], options: object = {}): Promise<CommandResult> {
  const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
  return on.stage.run(argv, { env, deadline: answerDeadlineMs, ...options });
}

async function verb(...words: readonly string[]): Promise<CommandResult> {
  const result = await run([...words, '--json', '--config', configuration]);
  expect(result).toMatchObject({ timedOut: false, stderr: '' });
  return result;
}

/** The agent's last message. */
async function agent(request: object): Promise<object> {
  const input = `${JSON.stringify({ version: versionNumber, ...request })}\n`;
  const { stdout, timedOut } = await run(['host'], { input, deadline: probeDeadlineMs });
  expect(timedOut).toBe(false);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as object;
}

/** The name of the mount, not of a path below it. */
const namesMount = expect.stringMatching(/\/mnt\/slow(?![/\w])/) as string;
const unknownPath = {
  verdict: 'undecided',
  findings: expect.arrayContaining([
    expect.objectContaining({ state: 'unknown', what: namesMount }),
  ]) as unknown,
};

/** Processes that remain on this host. */
function left(): string[] {
  const host = readlinkSync(`/proc/${on.stage.servant.pid}/ns/mnt`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== on.stage.servant.pid)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/mnt`) === host;
      } catch {
        return false;
      }
    });
}

test('while the storage answers, everything is safe', async () => {
  const { exit, stdout } = await verb('check', '--all');
  expect({ exit, ...(JSON.parse(stdout) as object) }).toMatchObject({
    exit: 0,
    domains: [{ verdict: 'safe' }, { verdict: 'safe' }, { verdict: 'safe' }],
  });
});

type Command = [string, string[]];
const plain: Command[] = [
  ['check --all', ['check', '--all']],
  ['repair --all', ['repair', '--all']],
];
const more: Command[] = [
  ['check --all --deep', ['check', '--all', '--deep']],
  ['repair --all --dry-run', ['repair', '--all', '--dry-run']],
];

describe.each<[FuseMode, string, Command[]]>([
  ['no-lookup', 'lookups of the file’s name', [...plain, ...more]],
  ['only-statfs', 'anything but statfs', plain],
])('storage in mode %s, which does not answer %s', (mode, _, commands) => {
  test.each(commands)('%s: unknown with the mount named, and the other VM unaffected', async (name, argv) => {
    await slow?.set(mode);
    const { exit, stdout } = await verb(...argv);
    const { domains } = JSON.parse(stdout) as { domains: { verdict: string }[] };
    // The fake QEMU has no block node of that name, which --deep needs.
    const healthy = name.includes('--deep') ? {} : { verdict: 'safe' };
    expect({ exit, domains }).toMatchObject({
      exit: 2,
      domains: [
        { domain: 'one-310', ...healthy },
        { domain: 'one-311', ...unknownPath },
        { domain: 'one-312', ...unknownPath },
      ],
    });
    expect(JSON.stringify(domains[0])).not.toContain(mount);
  });

  test('explain ends', async () => {
    await slow?.set(mode);
    const { exit, stdout } = await verb('explain', '311');
    expect({ exit, domains: (JSON.parse(stdout) as { domains: unknown }).domains }).toMatchObject({
      exit: 2,
      domains: [{ domain: 'one-311', ...unknownPath }],
    });
  });

  test.each<Command>([
    ['save', ['save', '311', '/mnt/file']],
    ['migrate', ['migrate', '311', 'kvm2']],
    ['relink of its link', ['relink', disk.path, '/mnt/slow/./disk.0']],
    ['audit --here', ['audit', '--here']],
  ])('%s ends, and names the mount that hangs', async (name, argv) => {
    await slow?.set(mode);
    const { exit, stdout, timedOut } = await run([...argv, '--json', '--config', configuration]);
    expect({ name, timedOut }).toEqual({ name, timedOut: false });
    expect(stdout).toMatch(/\/mnt\/slow(?![/\w])/);
    expect([1, 2]).toContain(exit);
  });

  test.each([
    ['audit', { action: 'audit' }],
    ['foresee', { action: 'foresee', changes: [{ link: disk.path, target: '/mnt/x' }] }],
  ])('the agent, %s: it ends', async (_, request) => {
    await slow?.set(mode);
    expect(await agent(request)).toMatchObject({ kind: 'end', exit: 0 });
  });

  test('the probe reports every VM in time, and its lock is free afterwards', async () => {
    await slow?.set(mode);
    const undecided = {
      verdict: 'undecided',
      reason: 'vda: its path cannot be read (no answer) on the host',
    };
    const reported = {
      kind: 'end',
      exit: 0,
      report: [
        { vmId: '310', verdict: 'safe' },
        { vmId: '311', ...undecided },
        { vmId: '312', ...undecided },
      ],
    };
    expect(await agent({ action: 'probe' })).toMatchObject(reported);
    expect(await agent({ action: 'probe' })).toMatchObject(reported);
  });

  test('a VM’s lock is free afterwards', async () => {
    await slow?.set(mode);
    const repair = { action: 'repair', domain: 'one-311', dryRun: false };
    for (const run of ['first', 'second'])
      expect({ run, ...(await agent(repair)) }).toMatchObject({
        kind: 'end',
        exit: 2,
        result: 'refused',
        what: namesMount,
      });
  });

  test('one process hangs there, however many queries there are; when it is gone the mount is accessed again', async () => {
    await slow?.set(mode);
    await verb('check', '--all');
    await until(() => left().length === 1, { what: 'one process is left', evidence: left });
    const hung = left();
    expect(readFileSync(`/proc/${hung[0] ?? ''}/stat`, 'latin1')).toMatch(/\) D /);
    const asked = slow?.unanswered;
    const { stdout } = await verb('check', '--all');
    expect(JSON.parse(stdout)).toMatchObject({ domains: [{ verdict: 'safe' }, unknownPath, unknownPath] });
    await agent({ action: 'probe' });
    await verb('repair', '311');
    // Processes that do not hang may still be about to end.
    await until(() => left().length === 1, { what: 'one process is left', evidence: left });
    expect(left()).toEqual(hung);
    expect(slow?.unanswered).toEqual(asked);

    await slow?.set('serve');
    await until(() => left().length === 0, { what: 'what hung has ended', evidence: left });
    const { stdout: again } = await verb('check', '--all');
    expect(JSON.parse(again)).toMatchObject({
      domains: [{ verdict: 'safe' }, { verdict: 'safe' }, { verdict: 'safe' }],
    });
  });
});
