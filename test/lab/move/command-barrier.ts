import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Domain, type Host, type Lab, until } from '../harness';

const directory = '/run/migrate-guard-lab/gate';
const programs = ['virsh', 'ssh', 'getfacl'] as const;

/** The call of virsh, ssh or getfacl that is held up. */
export interface GateSettings {
  /** A shell pattern for the program's name and its arguments. Default: none. */
  readonly at?: string;
  /** The number of such calls that pass before. Default: none. */
  readonly after?: number;
  /** Whether all such calls after it are held up, too. Default: they pass. */
  readonly forAll?: boolean;
  /** Shell commands that run once, as root, just before the first `virsh migrate` or `virsh save`. */
  readonly beforeMove?: string;
}

/**
 * Wraps the programs that migrate-guard runs: the wrappers come first on its PATH, pass every call on, and hold up
 * one until they are released. So a test can act at one exact moment.
 */
export class Gate {
  private constructor(private readonly host: Host) {}

  static on(
    host: Host,
    { at = 'nothing', after = 0, forAll = false, beforeMove = 'true' }: GateSettings,
  ): Gate {
    host.remove(directory);
    mkdirSync(host.path(`${directory}/bin`), { recursive: true });
    // Movers run as OpenNebula's user.
    chmodSync(host.path(directory), 0o1777);
    const passes = Array.from({ length: after }, (_, pass) => `${directory}/pass-${pass}`).join(' ');
    writeFileSync(host.path(`${directory}/move`), `${beforeMove}\n`);
    for (const program of programs) {
      const script = `#!/bin/sh
go_on() { exec /usr/bin/${program} "$@"; }
case "${program} $*" in "virsh "*" migrate "* | "virsh "*" save "*)
  mkdir ${directory}/moved 2>/dev/null && . ${directory}/move;;
esac
case "${program} $*" in
  ${at})
    for pass in ${passes}; do mkdir $pass 2>/dev/null && go_on "$@"; done
    mkdir ${directory}/taken 2>/dev/null || ${forAll} || go_on "$@"
    echo $$ >${directory}/pid.new
    mv ${directory}/pid.new ${directory}/pid
    while [ ! -e ${directory}/go ]; do sleep 0.02; done;;
esac
go_on "$@"
`;
      writeFileSync(host.path(`${directory}/bin/${program}`), script);
      chmodSync(host.path(`${directory}/bin/${program}`), 0o755);
    }
    return new Gate(host);
  }

  /** The environment for migrate-guard. */
  get environment(): Readonly<Record<string, string>> {
    return { PATH: `${directory}/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
  }

  /** Returns when a program waits at the gate. */
  async reached(): Promise<void> {
    await until(() => existsSync(this.host.path(`${directory}/pid`)), {
      what: 'a program stands at the gate',
    });
  }

  /** Releases the program. */
  open(): void {
    writeFileSync(this.host.path(`${directory}/go`), '');
  }

  /** Kills the program, so that it never runs the real one. */
  async kill(): Promise<void> {
    const pid = readFileSync(this.host.path(`${directory}/pid`), 'utf8').trim();
    await this.host.succeed(['kill', '-KILL', pid]);
  }
}

/**
 * For {@link GateSettings.beforeMove}: re-points the domain's disk just before the mover starts, the worst moment for
 * a storage update.
 */
export function latePath(lab: Lab, domain: Domain): string {
  const [disk] = domain.disks;
  if (disk?.volume === undefined) throw new Error('the domain has no volume');
  const link = lab.linkById(disk.volume, `late-${domain.vmId}`);
  return `ln -sfT ${link} ${disk.path}.late && mv -T ${disk.path}.late ${disk.path}`;
}
