import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordEntry } from '../../../src/opennebula/model/record';
import { isUnknown } from '../../../src/core/unknown';
import { entriesIn, entriesNotRun } from '../../../src/opennebula/record-file';
import { ABSENT, Lab, until, type Domain, type Emulator, type Host } from '../harness';
import type { Release } from '../../support/oned';
import { install, installInLab, put, putScript } from './install-in-lab';
import { actionData, resultOf, together, vmIdOf, type DriverResult } from './stock-opennebula';

const records = '/var/lib/one/migrate-guard';

/** ssh's options for a live migration alone (ssh_stream.rb, ssh_cmd; one_vmm_exec.rb, delegate_actions). */
const delegated = ['-o', 'ForwardAgent=yes', '-o', 'ControlMaster=no', '-o', 'ControlPath=none'] as const;

export interface Action {
  readonly release?: Release;
  /** The datastore driver, below remotes/tm, whose scripts run before and after the move. */
  readonly tm?: string;
  /** The script in vmm/kvm that `-l` names; without it, the stock one runs on the source host. */
  readonly local?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly shared?: 'YES' | 'NO';
  /** Attributes of the VM's USER_TEMPLATE. */
  readonly userTemplate?: Readonly<Record<string, string>>;
  /** The number of the system datastore to which the VM moves; default: where it is, 0. */
  readonly datastore?: number;
  /** Default: the domain's name. */
  readonly deployId?: string;
}

/** A front-end and two hosts, with migrate-guard installed as an admin installs it. */
export class OpenNebulaStage {
  private started: Lab | undefined;
  private vmId = 600;

  async start(): Promise<void> {
    this.started = await Lab.start({ hosts: ['front', 'kvm1', 'kvm2'] });
    await installInLab(this.lab);
  }

  get lab(): Lab {
    if (!this.started) throw new Error('the lab was not started');
    return this.started;
  }

  get front(): Host {
    return this.lab.host('front');
  }

  /** The configuration of all machines, as YAML. */
  configure(yaml: string): void {
    for (const host of this.lab.hosts) put(host, '/etc/migrate-guard/config.yaml', yaml, 0o644);
  }

  /** Installs a script of the site below remotes/, on the front-end and, as after `onehost sync`, on the hosts. */
  script(path: string, text: string): void {
    putScript(this.lab, path, text);
  }

  /** Installs as an admin does; this also restores what a test removed. */
  install(host: Host): Promise<void> {
    return install(host);
  }

  /** Starts a domain on the first host. */
  startDomain(options: { disks?: number; emulator?: Emulator } = {}): Promise<Domain> {
    return this.lab.startDomain(this.vmId++, { host: 'kvm1', ...options });
  }

  /** Starts a domain, and leads its disk's path to the disk of another domain. */
  async startMisled(): Promise<Domain> {
    const domain = await this.startDomain();
    const name = `other-${domain.name}`;
    await this.lab.volume({ name });
    domain.host.link(domain.disks[0]?.path ?? '', `/dev/storpool/${name}`);
    return domain;
  }

  /**
   * Runs a live migration, in the order of one_vmm_exec (vmm_mad/exec/one_vmm_exec.rb:598–674 of 7.4.0), without the
   * networks: after a veto of premigrate failmigrate runs since 7.4.0 (615–623); in 6.6.0 to 7.2.0 (7.2.0: 608–614)
   * nothing runs.
   */
  async migrate(domain: Domain, destination: string, action: Action = {}): Promise<DriverResult> {
    const source = domain.host.name;
    const args = [action.deployId ?? domain.name, destination, source, vmIdOf(domain), source];
    const data = actionData(domain, destination, action.shared, action.userTemplate, action.datastore);
    const { tm, release = '7.2' } = action;
    const script = (name: string): Promise<DriverResult> =>
      this.tm(`${tm ?? ''}/${name}`, domain, destination, release, action.datastore);
    const before = tm === undefined ? [] : [await script('premigrate')];
    const veto = before.find(({ exit }) => exit !== 0);
    if (veto) return together(veto, [veto, ...(release === '7.4' ? [await script('failmigrate')] : [])]);
    const moved = await this.driver('migrate', args, source, data, action);
    const hasFailed = tm !== undefined && moved.exit !== 0;
    return together(moved, [...before, moved, ...(hasFailed ? [await script('failmigrate')] : [])]);
  }

  async save(domain: Domain, file: string, action: Action = {}): Promise<DriverResult> {
    const source = domain.host.name;
    const args = [domain.name, file, source, vmIdOf(domain), source];
    return this.driver('save', args, source, actionData(domain, '', action.shared), action);
  }

  /** Runs a TM script as one_tm starts it on the front-end (tm_mad/one_tm.rb:103–138). */
  async tm(
    script: string,
    domain: Domain,
    destination: string,
    release: Release = '7.2',
    datastore = 0,
  ): Promise<DriverResult> {
    const directory = `/var/lib/one//datastores/${datastore}/${vmIdOf(domain)}`;
    const words = [domain.host.name, destination, directory, vmIdOf(domain), `${datastore}`];
    const vm = `<VM><ID>${vmIdOf(domain)}</ID></VM>`;
    const program = `/var/lib/one/remotes/tm/${script}`;
    const ran = await this.front.run([program, ...words], {
      as: 'oneadmin',
      cwd: '/var/lib/one',
      input: Buffer.from(vm).toString('base64'),
      deadline: 120_000,
    });
    const run = {
      release,
      vmId: vmIdOf(domain),
      command: [program, ...words].join(' '),
      by: 'local',
    } as const;
    return { ...resultOf(ran, run, 'MIGRATE'), tmScripts: [script] };
  }

  /** The front-end's record of a VM, the newest entry first. */
  recorded(domain: Domain): RecordEntry[] {
    return entriesIn(this.front.path(records), Number(vmIdOf(domain)));
  }

  /** The entries of guards that could not run for it. */
  notRun(domain: Domain): RecordEntry[] {
    const all = entriesNotRun(this.front.path(records));
    if (isUnknown(all)) throw new Error(all.unknown);
    return all.filter(({ vmId }) => `${vmId}` === vmIdOf(domain));
  }

  async expectOnlyOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
    const expected = {
      front: ABSENT,
      kvm1: ABSENT,
      kvm2: ABSENT,
      [host]: { state: 'running', processes: 1 },
    };
    expect(await this.lab.whereRuns(domain)).toEqual(expected);
  }

  /** The domain runs there and nowhere else, the guest still counts, and everything that it wrote is on its disks. */
  async expectAliveOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<Domain> {
    await this.expectOnlyOn(host, domain);
    const there = domain.host.name === host ? domain : domain.on(this.lab.host(host));
    await there.expectCounting();
    await there.verifyPattern();
    return there;
  }

  /** Expects the same, and then ends the domain. */
  async expectEndOn(host: 'kvm1' | 'kvm2', domain: Domain): Promise<void> {
    await (await this.expectAliveOn(host, domain)).destroy();
  }

  /** Starts an ssh agent with oneadmin's key, on the front-end. */
  async startAgent(): Promise<{ SSH_AUTH_SOCK: string }> {
    const socket = '/var/lib/one/agent';
    await this.front.succeed(
      ['sh', '-c', `ssh-agent -a ${socket} >/dev/null && SSH_AUTH_SOCK=${socket} ssh-add -q`],
      {
        as: 'oneadmin',
      },
    );
    return { SSH_AUTH_SOCK: socket };
  }

  async untilExists(host: string, path: string): Promise<void> {
    await until(() => existsSync(this.lab.host(host).path(path)), { what: `${path} on ${host}` });
  }

  /** Returns when no process holds the domain's lock. */
  async untilFree({ name }: Domain): Promise<void> {
    const claims = this.lab.host('kvm1').path('/run/migrate-guard');
    await until(() => !readdirSync(join(claims, `${name}.lock`)).some((file) => file.endsWith('.held')), {
      what: `the guard of ${name} ends`,
      deadline: 60_000,
    });
  }

  async stop(): Promise<void> {
    await this.started?.stop();
  }

  /**
   * OpenNebulaDriver.rb, do_action: a local script gets Base64, one on a host gets raw XML through `ssh HOST bash
   * -s`.
   */
  private async driver(
    action: 'migrate' | 'save',
    args: readonly string[],
    source: string,
    xml: string,
    { release = '7.2', local, env }: Action,
  ): Promise<DriverResult> {
    const quoted = args.map((word) => `'${word}'`).join(' ');
    const options = {
      as: 'oneadmin',
      cwd: '/var/lib/one',
      deadline: 180_000,
      ...(env ? { env } : {}),
    } as const;
    const word = action === 'migrate' ? 'MIGRATE' : 'SAVE';
    const vmId = args[3] ?? '';
    if (local !== undefined) {
      const command = `/var/lib/one/remotes/vmm/kvm/${local} ${quoted}`;
      const input = Buffer.from(xml).toString('base64');
      const ran = await this.front.run(['sh', '-c', command], { ...options, input });
      return resultOf(ran, { release, vmId, command, by: 'local' }, word);
    }
    const command = `cat << 'EOT' | /var/tmp/one/vmm/kvm/${action} ${quoted}`;
    const input = `${command}\n${xml}\nEOT\n`;
    const ssh = ['ssh', ...(action === 'migrate' ? delegated : [])] as const;
    const ran = await this.front.run([...ssh, source, 'bash', '-s'], { ...options, input });
    return resultOf(ran, { release, vmId, command, by: 'stream' }, word);
  }
}

/** One stage for all tests of a file, each of which leaves no configuration. Call it where hooks are declared. */
export function useOpenNebulaStage(): OpenNebulaStage {
  const stage = new OpenNebulaStage();
  beforeAll(() => stage.start());
  afterEach(() => stage.configure('{}\n'));
  afterAll(() => stage.stop());
  return stage;
}
