import { readFileSync } from 'node:fs';
import { succeed } from './succeed';
import type { Host } from './lab-host';
import { type Namespaces, startNamespaces } from './namespaces';

/** What the hosts of a lab share: a network, datastores, and ssh keys that are made before the first host starts. */
export class Fabric {
  /** The path as {@link pid} sees it. */
  readonly datastores = '/dev/shm/datastores';
  private readonly plugged: Host[] = [];

  private constructor(
    readonly names: readonly string[],
    private readonly namespaces: Namespaces,
  ) {}

  static async start(names: readonly string[]): Promise<Fabric> {
    const fabric = new Fabric(names, await startNamespaces({ name: 'fabric', init: ['fabric-init.sh'] }));
    try {
      await fabric.makeKeys();
    } catch (error) {
      await fabric.stop();
      throw error;
    }
    return fabric;
  }

  /** The pid of the first process on the real machine. */
  get pid(): number {
    return this.namespaces.pid;
  }

  /** The lab has a separate network, so any number of labs may use the same addresses. */
  addressOf(name: string): string {
    const index = this.names.indexOf(name);
    if (index < 0) throw new Error(`the lab has no host ${name}; it has ${this.names.join(', ')}`);
    return `192.168.77.${index + 1}`;
  }

  /** @param owner a host, or the user `oneadmin` */
  privateKey(owner: string): string {
    return this.readKey(owner);
  }

  publicKey(owner: string): string {
    return this.readKey(`${owner}.pub`);
  }

  /** Connects one end of a cable to the host and the other to the bridge. */
  async plug(host: Host): Promise<void> {
    await ip(
      this.pid,
      `link add name ${host.name} type veth peer name eth0 netns ${host.pid}`,
      `link set ${host.name} master bridge up`,
    );
    await ip(host.pid, `address add ${this.addressOf(host.name)}/24 dev eth0`, 'link set eth0 up');
    this.plugged.push(host);
  }

  /** The host's end keeps its carrier: its packets are lost, as with a failed switch. */
  async cut(name: string): Promise<void> {
    await ip(this.pid, `link set ${name} nomaster`);
  }

  /** Returns when connections work at once: it removes the failed neighbour entries that the hosts have cached. */
  async heal(name: string): Promise<void> {
    await ip(this.pid, `link set ${name} master bridge`);
    await Promise.all(this.plugged.map(({ pid }) => ip(pid, 'neigh flush dev eth0')));
  }

  stop(): Promise<void> {
    return this.namespaces.end();
  }

  private async makeKeys(): Promise<void> {
    const script =
      'cd /dev/shm/keys && for name; do ssh-keygen -q -t ed25519 -N "" -C "$name" -f "$name"; done';
    const enter = ['nsenter', '--target', String(this.pid), '--mount', '--'] as const;
    await succeed([...enter, 'sh', '-euc', script, 'sh', 'oneadmin', ...this.names]);
  }

  private readKey(file: string): string {
    return readFileSync(`/proc/${this.pid}/root/dev/shm/keys/${file}`, 'utf8');
  }
}

/** @param pid a process in the network namespace */
async function ip(pid: number, ...commands: readonly string[]): Promise<void> {
  await succeed(['nsenter', '--target', String(pid), '--net', 'ip', '-batch', '-'], {
    input: `${commands.join('\n')}\n`,
  });
}
