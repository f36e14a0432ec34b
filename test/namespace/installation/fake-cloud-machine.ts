import { existsSync, readFileSync } from 'node:fs';
import { History, vmXml, type VmXmlOptions } from '../../support/vm-xml';
import { statusXml } from '../harness';
import { startHost, version } from './sudo-entry';
import { onedConf, oneadmin } from './machine-tree';
import { Package } from './package';
import type { PrivateMachine } from './private-machine';

const remotes = '/var/lib/one/remotes';
const home = '/var/lib/one';
const hostHalf = '/usr/lib/migrate-guard/migrate-guard';

export interface Driven {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The movers that ran, in order, each with its arguments. */
  readonly ran: readonly string[];
}

/**
 * An OpenNebula front-end and its host on one private machine: plugin and agent are installed, the movers are fakes
 * that record their runs, and ssh is a fake for which every host is this one.
 */
class LittleCloud {
  private constructor(readonly machine: PrivateMachine) {}

  static async start(source: Package): Promise<LittleCloud> {
    const cloud = new LittleCloud(await startHost(source));
    await cloud.shell(`mkdir -p /etc/one ${remotes}/vmm/kvm ${remotes}/hooks && echo 7.0.0 >${remotes}/VERSION
      mkdir -p /var/tmp/one/vmm/kvm && chown -R ${oneadmin}:${oneadmin} ${remotes}`);
    cloud.write('/etc/one/oned.conf', onedConf());
    expect(await cloud.machine.root([source.file('install.sh'), 'frontend'])).toMatchObject({ exit: 0 });
    const mover = `#!/bin/sh\ncat >/dev/null; echo "\${0#/var/} $*" >>${home}/ran\n`;
    await cloud.program('/var/tmp/one/vmm/kvm/migrate', mover);
    await cloud.program(`${remotes}/vmm/kvm/migrate-tweaks`, mover);
    await cloud.ssh('exec bash -c "$command"');
    return cloud;
  }

  end(): Promise<void> {
    return this.machine.end();
  }

  write(path: string, text: string): void {
    this.machine.write(path, text);
  }

  configure(yaml: string): void {
    this.write('/etc/migrate-guard/config.yaml', yaml);
  }

  async program(path: string, text: string): Promise<void> {
    this.write(path, text);
    await this.shell(`chmod 755 ${path}`);
  }

  /**
   * Sets what happens to a connection for a mover, in bash: `$command` is the command for ssh. The agent's connection
   * is not changed.
   */
  ssh(connection: string): Promise<void> {
    const text = `command=\${!#}\ncase $command in *"sudo -n"*) exec bash -c "$command" ;; esac\n${connection}\n`;
    return this.program('/usr/bin/ssh', `#!/bin/bash\n${text}`);
  }

  /** Replaces the real agent by one that sends these messages; a string is a shell command that it runs instead. */
  hostHalf(...lines: readonly (object | string)[]): Promise<void> {
    const said = [{ kind: 'hello', version }, ...lines].map((line) =>
      typeof line === 'string' ? line : `echo '${JSON.stringify(line)}'`,
    );
    return this.program(hostHalf, ['#!/bin/bash', 'read -r request', ...said, ''].join('\n'));
  }

  /** Hides Node where both the scripts and install.sh search for it. */
  async hideNode(): Promise<void> {
    await this.shell(
      'for node in /usr/bin/node /usr/local/bin/node; do test ! -e $node || mount --bind /dev/null $node; done',
    );
  }

  async showNode(): Promise<void> {
    await this.shell(
      'for node in /usr/bin/node /usr/local/bin/node; do ! mountpoint -q $node || umount $node; done',
    );
  }

  /** The findings of doctor, run by root. */
  async doctor(): Promise<readonly unknown[]> {
    const { stdout } = await this.machine.root(['migrate-guard', 'doctor', '--json']);
    return (JSON.parse(stdout) as { findings: readonly unknown[] }).findings;
  }

  /** Runs a live migration, as oned starts its driver on the front-end. */
  async migrate(deployId = 'one-310'): Promise<Driven> {
    const input = Buffer.from('<VMM_DRIVER_ACTION_DATA/>').toString('base64');
    return this.script('vmm/kvm/migrate-guard', [deployId, 'kvm2', 'kvm1', '310', 'kvm1'], input);
  }

  /** Runs a script of a datastore driver. */
  tm(name: 'premigrate' | 'failmigrate', ...words: readonly string[]): Promise<Driven> {
    return this.script(`tm/migrate-guard/${name}`, words, '');
  }

  /** Runs a hook, as oned starts it for a live migration from this host. */
  hook(name: 'pre-migrate', vmId: string): Promise<Driven> {
    const history = new History().begin('kvm2', 1_700_000_000).records;
    return this.hookOf(name, { id: Number(vmId), lcmState: 4, prevLcmState: 3, history });
  }

  /** Runs a hook for any event. */
  hookOf(name: 'pre-migrate' | 'post-failure', event: VmXmlOptions): Promise<Driven> {
    return this.script(`hooks/migrate-guard/${name}`, [], Buffer.from(vmXml(event)).toString('base64'));
  }

  /** Sets the output of `onevm show -x`; other requests are recorded. */
  async onevm(shown: VmXmlOptions | 'it does not answer'): Promise<void> {
    const { state = 3, lcmState = 3 } = typeof shown === 'string' ? {} : shown;
    // Only an event contains the VM's previous state.
    const xml =
      typeof shown === 'string' ? '' : vmXml({ ...shown, prevState: state, prevLcmState: lcmState });
    this.write(`${home}/vm.xml`, xml);
    const show = typeof shown === 'string' ? `echo "${shown}" >&2; exit 255` : `exec cat ${home}/vm.xml`;
    await this.program(
      '/usr/bin/onevm',
      `#!/bin/sh\ncase $1 in show) ${show} ;; esac\necho "$*" >>${home}/asked\n`,
    );
  }

  /** Adds one more domain to libvirt's files. */
  runs(domain: { readonly name: string; readonly uuid: string }): void {
    this.write(`/run/libvirt/qemu/${domain.name}.xml`, statusXml({ ...domain, pid: 1, disks: [] }));
  }

  has(path: string): boolean {
    return existsSync(this.machine.path(path));
  }

  /** The lines that fakes have recorded. */
  lines(name: string): string[] {
    const file = this.machine.path(`${home}/${name}`);
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  /** Installs a script below remotes/. */
  async script(path: string, words: readonly string[], input: string): Promise<Driven> {
    await this.shell(`rm -f ${home}/ran`);
    const { exit, stdout, stderr } = await this.machine.oneadmin(
      [`${remotes}/${path}`, ...words],
      {},
      { input },
    );
    return { exit, stdout, stderr, ran: this.lines('ran') };
  }

  async shell(script: string): Promise<void> {
    expect(await this.machine.root(['bash', '--norc', '-c', script])).toMatchObject({ exit: 0, stderr: '' });
  }
}

/** A cloud for all tests of a file, or one for each. Call it where hooks are declared. */
export function useLittleCloud(lasting: 'all' | 'each'): { readonly cloud: LittleCloud } {
  let source: Package | undefined;
  let cloud: LittleCloud | undefined;
  const start = async (): Promise<void> => {
    source ??= await Package.make();
    cloud = await LittleCloud.start(source);
  };
  const end = async (): Promise<void> => cloud?.end();
  if (lasting === 'all') {
    beforeAll(start);
    afterAll(end);
  } else {
    beforeEach(start);
    afterEach(end);
  }
  afterAll(() => source?.remove());
  return {
    get cloud() {
      if (!cloud) throw new Error('the cloud was not started');
      return cloud;
    },
  };
}
