import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { GuardReport } from '../../../src/move/move-report';
import type { CommandResult } from '../../../src/os/run-command';
import type { Gate } from './command-barrier';
import { ABSENT, type Domain, Lab, until } from '../harness';

const program = join(__dirname, '../../../dist/migrate-guard.cjs');
const configuration = '/run/migrate-guard-lab/guard.yaml';
const mebibyte = 2 ** 20;

export interface Guarded {
  readonly exit: number | null;
  readonly stderr: string;
  readonly report: GuardReport;
}

/** Two hosts, and the built command on the first. */
class GuardStage {
  private started: Lab | undefined;

  async start(): Promise<void> {
    this.started = await Lab.start();
  }

  get lab(): Lab {
    if (!this.started) throw new Error('the lab was not started');
    return this.started;
  }

  /** The configuration of the next runs, as YAML. */
  configure(yaml: string): void {
    writeFileSync(this.lab.host('kvm1').path(configuration), yaml, { mode: 0o644 });
  }

  command(...args: readonly string[]): readonly [string, ...string[]] {
    return [process.execPath, program, ...args, '--config', configuration];
  }

  run(...args: readonly string[]): Promise<CommandResult> {
    return this.lab.host('kvm1').run(this.command(...args), { deadline: 120_000 });
  }

  /** Runs a command whose programs pass through a gate. */
  runBehind({ environment: env }: Gate, ...args: readonly string[]): Promise<CommandResult> {
    return this.lab.host('kvm1').run(this.command(...args), { deadline: 120_000, env });
  }

  /** Runs a guarded command as root, and returns its document. */
  async guarded(...args: readonly string[]): Promise<Guarded> {
    const { exit, stdout, stderr } = await this.run(...args, '--json');
    try {
      return { exit, stderr, report: JSON.parse(stdout) as GuardReport };
    } catch {
      throw new Error(`migrate-guard ${args.join(' ')} ended with ${exit ?? 'a signal'}: ${stdout}${stderr}`);
    }
  }

  async expectOnlyOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
    const other = host === 'kvm1' ? 'kvm2' : 'kvm1';
    const expected = { [host]: { state: 'running', processes: 1 }, [other]: ABSENT };
    expect(await this.lab.whereRuns(domain)).toEqual(expected);
  }

  /** The domain runs there and nowhere else, the guest still counts, and everything that it wrote is on its disks. */
  async expectAliveOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<Domain> {
    await this.expectOnlyOn(host, domain);
    const there = host === 'kvm1' ? domain : domain.on(this.lab.host(host));
    await there.expectCounting();
    await there.verifyPattern();
    return there;
  }

  /** The domain runs nowhere; restored from the file, it is alive, and everything that it wrote is on its disks. */
  async expectRestored(domain: Domain, file: string): Promise<Domain> {
    expect(await this.lab.whereRuns(domain)).toEqual({ kvm1: ABSENT, kvm2: ABSENT });
    await domain.host.virsh('restore', file);
    domain.host.remove(file);
    return this.expectAliveOn('kvm1', domain.on(domain.host));
  }

  /** Returns when a part of the guest's memory has been copied, and a part has not. */
  async untilCopying({ host, name }: Domain): Promise<void> {
    const copying = /^Data processed: +[1-9][^]*^Data remaining: +[1-9]/m;
    await until(async () => copying.test(await host.virsh('domjobinfo', name)), {
      what: `${name} is being copied`,
      deadline: 60_000,
      interval: 20,
      evidence: () => host.virsh('domjobinfo', name),
    });
  }

  /** Lets a slow migration complete. */
  async hurry({ host, name }: Domain): Promise<void> {
    await host.virsh('migrate-setspeed', name, '1000');
  }

  /**
   * Returns when the `migrate` that works on the domain has checked QEMU and its paths, and waits only for the
   * destination.
   */
  async untilLookedAt({ host, name, pid }: Domain): Promise<void> {
    const { stdout } = await host.succeed(['pgrep', '-o', '-f', `migrate-guard.cjs migrate ${name} `]);
    const guard = stdout.trim();
    // The guard keeps /proc/PID open from before it starts its virsh, which stays, until all checks are done.
    const virsh = ['-P', guard, '-f', 'virsh --quiet --connect qemu:///system$'];
    await until(
      async () => {
        if ((await host.run(['pgrep', ...virsh])).exit !== 0) return false;
        const held = await host.run(['find', `/proc/${guard}/fd`, '-lname', `/proc/${pid}`]);
        return held.exit === 0 && held.stdout === '';
      },
      { what: `migrate-guard has looked at ${name}`, deadline: 30_000 },
    );
  }

  /** Returns when libvirt there has removed its copy. */
  async untilGoneFrom(name: string, domain: Domain): Promise<void> {
    await until(async () => isDeepStrictEqual((await this.lab.whereRuns(domain))[name], ABSENT), {
      what: `${name} has no copy of ${domain.name}`,
      deadline: 60_000,
      evidence: () => this.lab.whereRuns(domain),
    });
  }

  /** Sends a signal to the migrate-guard that works on the domain. */
  async signal(name: 'INT' | 'KILL', domain: Domain): Promise<void> {
    const pattern = `migrate-guard.cjs (migrate|save) ${domain.name} `;
    await domain.host.succeed(['pkill', `-${name}`, '-f', pattern]);
  }

  async stop(): Promise<void> {
    await this.started?.stop();
  }
}

/**
 * One stage for all tests of a file, each of which begins without a configuration. Call it where hooks are declared.
 */
export function useGuardStage(): GuardStage {
  const stage = new GuardStage();
  beforeAll(() => stage.start());
  beforeEach(() => stage.configure('{}'));
  afterAll(() => stage.stop());
  return stage;
}

/** Migrations of a guest with 32 MiB of non-zero memory take half a minute, or until the limit is raised. */
export const slowOptions = "options: ['--live', '--bandwidth', '1']";
export const slowly = `migrate: { ${slowOptions} }`;

/** Fills unused memory of the guest with data that a migration cannot omit. */
export function fillMemory({ outerPid }: Domain): void {
  const size = 64 * mebibyte;
  const maps = readFileSync(`/proc/${outerPid}/maps`, 'latin1').split('\n');
  const ranges = maps.map(
    (line) =>
      line
        .split(' ')[0]
        ?.split('-')
        .map((address) => Number.parseInt(address, 16)) ?? [],
  );
  const [start] = ranges.find(([from = 0, to = 0]) => to - from === size) ?? [];
  if (start === undefined) throw new Error(`process ${outerPid} has no mapping of ${size} bytes`);
  const memory = openSync(`/proc/${outerPid}/mem`, 'r+');
  try {
    for (let offset = 16; offset < 48; offset += 1) {
      writeSync(memory, randomBytes(mebibyte), 0, mebibyte, start + offset * mebibyte);
    }
  } finally {
    closeSync(memory);
  }
}
