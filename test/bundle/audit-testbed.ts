import type { FleetDomain, FleetHost } from '../../src/fleet/model/fleet';
import { runCommand, type CommandResult } from '../../src/os/run-command';
import { makeCloud, type Cloud, type CloudVm } from '../support/fake-fleet/fake-cloud';
import { StandInHosts } from '../support/fake-fleet/fake-hosts';
import { StandInOpenNebula } from '../support/fake-fleet/fake-opennebula';
import { buildAlone, type Built } from './build-once';

interface Document {
  readonly source: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly doubts: readonly string[];
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly FleetDomain[];
  readonly changes?: readonly { readonly domain: string; readonly kind: string }[];
}

export const now = Date.now();

/** Ten VMs, one of each kind. */
export function fleet(): Cloud {
  return makeCloud(10, 3, new Date(now));
}

/** A VM that a probe has recently reported as safe. */
export function vm(id: number, more: Partial<CloudVm> = {}): CloudVm {
  const said = { verdict: 'safe', blockState: 'healthy', reason: '', time: new Date(now - 20_000) } as const;
  return { id, name: `vm${id}`, host: 'kvm1', said, ...more };
}

/** The built command, with the OpenNebula and the hosts that it queries. */
class AuditStage {
  private built: Built | undefined;
  private standIn: StandInOpenNebula | undefined;
  readonly hosts = new StandInHosts();

  async start(): Promise<void> {
    [this.built, this.standIn] = await Promise.all([buildAlone(), StandInOpenNebula.start()]);
  }

  get opennebula(): StandInOpenNebula {
    if (!this.standIn) throw new Error('OpenNebula was not started');
    return this.standIn;
  }

  /** A directory of this test. */
  get directory(): string {
    if (!this.built) throw new Error('nothing was built');
    return this.built.directory;
  }

  audit(...words: readonly string[]): Promise<CommandResult> {
    return this.command(['audit', ...words]);
  }

  /** Runs the command as nobody, who may query OpenNebula like any other user; root would become oneadmin. */
  command(words: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
    const program = [process.execPath, this.built?.file ?? '', ...words] as const;
    const { environment } = this.opennebula;
    const isRoot = process.geteuid?.() === 0;
    return runCommand(isRoot ? [...nobody, ...program] : [...program], {
      deadline: 60_000,
      cwd: '/',
      env: { ...environment, PATH: `${this.hosts.directory}:${environment['PATH'] ?? ''}`, ...more },
    });
  }

  async document(...words: readonly string[]): Promise<{ exit: number | null; reported: Document }> {
    const { exit, stdout, stderr } = await this.audit('--json', ...words);
    expect(stderr).toBe('');
    return { exit, reported: JSON.parse(stdout) as Document };
  }

  async stop(): Promise<void> {
    this.built?.remove();
    this.hosts.remove();
    await this.standIn?.stop();
  }
}

/** One stage for all tests of a file, with the same fleet for each. Call it where hooks are declared. */
export function useAuditStage(): AuditStage {
  const stage = new AuditStage();
  beforeAll(() => stage.start());
  beforeEach(() => {
    stage.opennebula.answering = 'as oned';
    stage.opennebula.holds(fleet());
  });
  afterAll(() => stage.stop());
  return stage;
}
