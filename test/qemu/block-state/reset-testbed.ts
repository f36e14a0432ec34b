import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { ResetReport } from '../../../src/block-state/reset-report';
import type { DomainReport } from '../../../src/core/finding';
import { affectedQemu, type Domain, migrateToSink, relinkDisk, startDomain, until } from '../../lab/harness';
import type { DomainOptions, HostRunOptions } from '../../lab/harness';
import { letGuestWrite } from './guest-writes';
import { type Answer, diskOf, Stage } from '../qemu-stage';

const targets = ['vda', 'vdb', 'vdc', 'vdd'];

/** A domain whose guest counts, and writes to no disk until a test tells it to. */
export async function quietDomain(
  stage: Stage,
  vmId: number,
  disks: number,
  options: Partial<DomainOptions> = {},
): Promise<Domain> {
  const placed = [];
  for (const target of targets.slice(0, disks)) placed.push({ target, volume: await stage.volume([]) });
  return startDomain(stage.host, { vmId, disks: placed, emulator: 'affected', ...options });
}

/** Stores the layout of QEMU 7.2.0 on the host. */
export async function storeLayout(stage: Stage): Promise<void> {
  const { exit, stderr } = await stage.guard('layout', affectedQemu());
  if (exit !== 0) throw new Error(stderr);
}

/** A live migration that fails, because the paths of these disks have changed since QEMU opened them. */
export async function failMigration(domain: Domain, broken: readonly number[]): Promise<void> {
  const before = domain.log().length;
  for (const index of broken) relinkDisk(domain, index);
  const { status } = await migrateToSink(domain);
  expect(status).toBe('failed');
  await domain.untilLogged('bdrv_inactivate_all() failed', before);
}

/** Breaks its only disk: on QEMU 7.2.0 every failed migration leaves it stuck. */
export async function stuckDomain(stage: Stage, vmId: number): Promise<Domain> {
  const domain = await quietDomain(stage, vmId, 1);
  await failMigration(domain, [0]);
  return domain;
}

/** Breaks the second of its two disks: the first is left INACTIVE. */
export async function halfInactiveDomain(stage: Stage, vmId: number): Promise<Domain> {
  const domain = await quietDomain(stage, vmId, 2);
  await failMigration(domain, [1]);
  return domain;
}

/** Expects that a migration completes, and that the guest still counts after it is resumed here. */
export async function expectMigration(domain: Domain): Promise<void> {
  expect(await migrateToSink(domain)).toMatchObject({ status: 'completed' });
  await domain.qmp('cont');
  await domain.expectCounting();
}

/** Expects that the guest writes to every disk, and that QEMU stays alive. */
export async function expectWrites(domain: Domain): Promise<void> {
  const volumes = domain.disks.map((_, index) => diskOf(domain, index).volume);
  const before = await Promise.all(volumes.map((volume) => volume.readCounter()));
  letGuestWrite(domain, 2 ** volumes.length - 1);
  for (const [index, volume] of volumes.entries()) {
    await until(async () => (await volume.readCounter()) > (before[index] ?? 0), {
      what: `the guest of ${domain.name} writes to disk ${index}`,
    });
  }
  letGuestWrite(domain, 0);
  // The current round may still write; the next one does not.
  await domain.expectCounting();
  await domain.expectCounting();
}

interface Reset extends ResetReport {
  readonly exit: number | null;
}

export async function reset(stage: Stage, ...args: readonly string[]): Promise<Reset> {
  return parse(await stage.guard('reset', ...args, '--json'));
}

/** Runs reset with other environment variables, or a deadline. */
export async function resetWith(
  stage: Stage,
  options: HostRunOptions,
  ...args: readonly string[]
): Promise<Reset> {
  const variables = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const program = [stage.host.node, stage.program, 'reset', ...args, '--json'];
  return parse(await stage.host.run(['env', ...variables, ...program], { ...options, env: {} }));
}

function parse({ exit, stdout, stderr }: Answer): Reset {
  try {
    return { ...(JSON.parse(stdout) as ResetReport), exit };
  } catch {
    throw new Error(`reset ended with ${exit ?? 'a signal'}: ${stdout}${stderr}`);
  }
}

interface Inspected extends DomainReport {
  readonly exit: number | null;
}

export async function inspect(stage: Stage, domain: Domain): Promise<Inspected> {
  return stage.report<DomainReport>('inspect', domain.name);
}

export async function expectHealthy(stage: Stage, domain: Domain): Promise<void> {
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'healthy', exit: 0 });
  expect(await domain.state()).toBe('running');
  await expectWrites(domain);
}

let shadows = 0;

/**
 * A PATH on the host in which a command is replaced. `script` is the text of a shell script; `$real` is the path of
 * the real command. Without a script the command does not exist.
 */
export function shadow(stage: Stage, command: string, script?: string): { PATH: string } {
  const directory = `/run/migrate-guard-lab/shadow-${shadows++}`;
  mkdirSync(stage.host.path(directory));
  if (script !== undefined) {
    const text = `#!/bin/sh\nreal=/usr/bin/${command}\n${script}\n`;
    writeFileSync(stage.host.path(`${directory}/${command}`), text, { mode: 0o755 });
    return { PATH: `${directory}:/usr/sbin:/usr/bin:/sbin:/bin` };
  }
  for (const other of readdirSync('/usr/bin')) {
    if (other !== command) symlinkSync(`/usr/bin/${other}`, stage.host.path(`${directory}/${other}`));
  }
  return { PATH: directory };
}

let configurations = 0;

/** A configuration file on the host, for `--config`. */
export function configure(stage: Stage, yaml: string): string {
  const file = `/run/migrate-guard-lab/config-${configurations++}.yaml`;
  writeFileSync(stage.host.path(file), yaml, { mode: 0o644 });
  return file;
}

/** The pid of libvirtd on the host. */
export async function libvirtd(stage: Stage): Promise<string> {
  const { stdout } = await stage.host.succeed(['pidof', 'libvirtd']);
  return stdout.trim();
}

/** The states of QEMU's threads, by the letters of proc(5). */
export function threadStates(domain: Domain): string {
  const tasks = `/proc/${domain.outerPid}/task`;
  const state = (thread: string): string => {
    try {
      return /\) (.) /.exec(readFileSync(`${tasks}/${thread}/stat`, 'latin1'))?.[1] ?? '?';
    } catch {
      // A worker thread of QEMU may have ended.
      return '';
    }
  };
  return readdirSync(tasks).map(state).join('');
}

/** The pid of the process that traces QEMU, on the real machine; 0 if there is none. */
export function tracerOf(domain: Domain): number {
  const status = readFileSync(`/proc/${domain.outerPid}/status`, 'latin1');
  return Number(/^TracerPid:\s*(\d+)$/m.exec(status)?.[1]);
}

/**
 * Starts a reset of the domain that takes its lock, and is held up before its `cont`.
 * @returns a function that lets it continue to its end
 */
export async function standAtWork(stage: Stage, domain: Domain): Promise<() => ReturnType<typeof resetWith>> {
  const gate = `/run/migrate-guard-lab/gate-${domain.vmId}`;
  await stage.host.succeed(['mkfifo', gate]);
  const env = shadow(
    stage,
    'virsh',
    `case "$*" in *'"cont"'*) read -r line <${gate} ;; esac\nexec $real "$@"`,
  );
  const resetting = resetWith(stage, { env }, domain.name, '--strategy', 'cont');
  expect(await holderOf(stage, domain)).toBeGreaterThan(0);
  return async () => {
    await stage.host.succeed(['sh', '-c', `echo go >${gate}`]);
    return resetting;
  };
}

/** The pid, on the real machine, of the process that holds the domain's lock. */
export async function holderOf(stage: Stage, domain: Domain): Promise<number> {
  const claims = stage.host.path(`/run/migrate-guard/${domain.name}.lock`);
  const inner = await until(
    () =>
      existsSync(claims) &&
      readdirSync(claims)
        .find((name) => name.endsWith('.held'))
        ?.split('-')[0],
    { what: `someone holds the lock of ${domain.name}` },
  );
  const namespace = statSync(`/proc/${domain.outerPid}/ns/pid`).ino;
  const found = readdirSync('/proc').find((pid) => {
    try {
      const pids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]?.split(/\s+/);
      return statSync(`/proc/${pid}/ns/pid`).ino === namespace && pids?.at(-1) === inner;
    } catch {
      return false;
    }
  });
  return Number(found);
}
