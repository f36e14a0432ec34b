import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../../src/os/run-command';
import { oneadmin, onedConf } from './machine-tree';
import { PrivateMachine } from './private-machine';

/** The dependencies of our packages. */
const dependencies = ['acl', 'bash', 'libc6', 'libstdc++6', 'openssh-client', 'sudo'];

/**
 * A private machine on which the real dpkg and rpm install packages, with separate databases: the machine's own may
 * be incomplete while something is installed there.
 */
export class PackageMachine {
  private constructor(readonly host: PrivateMachine) {}

  static async start(): Promise<PackageMachine> {
    const started = new PackageMachine(await PrivateMachine.start());
    await started.shell(`mkdir -p /mnt/rpm /mnt/dpkg/info /mnt/dpkg/updates /mnt/dpkg/triggers
      cd /mnt/dpkg && touch available && echo 1 >info/format
      for name in ${dependencies.join(' ')}; do
        printf '%s\\n' "Package: $name" 'Status: install ok installed' 'Architecture: amd64' 'Version: 1:99' \\
          'Maintainer: nobody <nobody@localhost>' 'Description: what a machine has' '' >>status
        # The directories that ours are in, too; and one of its own, or it would be taken for replaced by ours.
        printf '%s\\n' /. /usr /usr/share /usr/share/doc "/usr/share/doc/$name" >info/$name.list
      done`);
    return started;
  }

  end(): Promise<void> {
    return this.host.end();
  }

  root(...argv: readonly string[]): Promise<CommandResult> {
    return this.host.root(['env', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', ...argv]);
  }

  dpkg(...argv: readonly string[]): Promise<CommandResult> {
    return this.root('dpkg', '--admindir=/mnt/dpkg', '--log=/mnt/dpkg.log', ...argv);
  }

  /** The state of the package according to dpkg: `installed`, `not-installed`, … */
  dpkgStatus(name: string): Promise<string> {
    const format = '--showformat=${db:Status-Status}';
    return done(this.root('dpkg-query', '--admindir=/mnt/dpkg', '--show', format, name));
  }

  rpm(...argv: readonly string[]): Promise<CommandResult> {
    return this.root('rpm', '--dbpath=/mnt/rpm', '--force-debian', ...argv);
  }

  shell(script: string): Promise<string> {
    return done(this.root('bash', '--norc', '-c', script));
  }

  /** Everything except the two databases. */
  picture(): Promise<string> {
    return this.host.picture(['/mnt/etc/upper', '/mnt/usr/upper', '/mnt/var/upper', '/run']);
  }

  /** Hides Node where install.sh searches for it. */
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

  /** Creates the files of OpenNebula's packages. */
  async makeFrontEnd(): Promise<void> {
    await this.shell(`mkdir -p /etc/one && cat >/etc/one/oned.conf <<'CONF'
${onedConf()}CONF
      cd /var/lib/one && mkdir -p remotes/{vmm/kvm,tm/shared,im/kvm-probes.d/vm/monitor,hooks/ft}
      echo 6.6.0 >remotes/VERSION && chown -R ${oneadmin}:${oneadmin} remotes`);
  }

  /** Expects the files that are installed on front-ends and on hosts. */
  async expectInstalled(): Promise<void> {
    const about = readFileSync(join(__dirname, '../../../package.json'), 'utf8');
    const { version } = JSON.parse(about) as { version: string };
    const [release = '', sum] = (await done(this.root('migrate-guard', '--version'))).split('\n');
    expect(release.startsWith(`${version} (`)).toBe(true);
    const program = readFileSync(this.host.path('/usr/lib/migrate-guard/migrate-guard.cjs'));
    const digest = createHash('sha256').update(program).digest('hex');
    expect(sum).toBe(`${digest}  /usr/lib/migrate-guard/migrate-guard.cjs`);
    expect(await done(this.root('man', '-w', 'migrate-guard'))).toBe('/usr/share/man/man1/migrate-guard.1\n');
    const complete = 'source /usr/share/bash-completion/completions/migrate-guard; complete -p migrate-guard';
    expect(await this.shell(complete)).toBe(
      'complete -o bashdefault -o default -F _migrate-guard_yargs_completions migrate-guard\n',
    );
    // On a front-end it also requires VM_MAD to be set, which no package does.
    const { stdout } = await this.root('/usr/lib/migrate-guard/install.sh', 'verify');
    expect(stdout).toMatch(/^ok .* are as they were installed$/m);
  }
}

/** Expects a command to succeed without a warning. */
export async function done(result: Promise<CommandResult>): Promise<string> {
  const { exit, stdout, stderr } = await result;
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout;
}
