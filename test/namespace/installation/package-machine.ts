import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../../src/system/command';
import { oneadmin, onedConf } from './machine-tree';
import { PrivateMachine } from './private-machine';

/** A private machine on which packages are installed with the real dpkg and rpm, and databases of its own. */
export class PackageMachine {
  private constructor(readonly host: PrivateMachine) {}

  static async start(): Promise<PackageMachine> {
    const started = new PackageMachine(await PrivateMachine.start());
    // What is installed on this machine satisfies dependencies; its database stays as it is.
    await started.shell('cp -a /var/lib/dpkg /mnt/dpkg && mkdir /mnt/rpm');
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

  /** As dpkg knows the package: `installed`, `not-installed`, … */
  dpkgStatus(name: string): Promise<string> {
    const format = '--showformat=${db:Status-Status}';
    return done(this.root('dpkg-query', '--admindir=/mnt/dpkg', '--show', format, name));
  }

  rpm(...argv: readonly string[]): Promise<CommandResult> {
    return this.root('rpm', '--dbpath=/mnt/rpm', '--force-debian', ...argv);
  }

  shell(script: string): Promise<string> {
    return done(this.root('bash', '-c', script));
  }

  /**
   * Every directory where ours begin, and every file that is not the real machine's: path, kind, mode, owner,
   * content.
   */
  picture(): Promise<string> {
    const entry = "-printf '%p %y %m %U:%G %l\\n'";
    return this.shell(`find /etc /usr /var /run -xdev -maxdepth 3 -type d ${entry} | sort
      test ! -d /var/lib/one/remotes || find /var/lib/one -type d ${entry} | sort
      find /mnt/*/upper ! -type d ${entry} -type f -exec sha256sum {} + | sort`);
  }

  /** Where install.sh looks for it. */
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

  /** As OpenNebula's packages lay it. */
  async makeFrontEnd(): Promise<void> {
    await this.shell(`mkdir -p /etc/one && cat >/etc/one/oned.conf <<'CONF'
${onedConf()}CONF
      cd /var/lib/one && mkdir -p remotes/{vmm/kvm,tm/shared,im/kvm-probes.d/vm/monitor,hooks/ft}
      echo 6.6.0 >remotes/VERSION && chown -R ${oneadmin}:${oneadmin} remotes`);
  }

  /** What everybody has who has one of the halves. */
  async expectInstalled(): Promise<void> {
    const about = readFileSync(join(__dirname, '../../../package.json'), 'utf8');
    const { version } = JSON.parse(about) as { version: string };
    const [release = '', sum] = (await done(this.root('migrate-guard', '--version'))).split('\n');
    expect(release.startsWith(`${version} (`)).toBe(true);
    const program = readFileSync(this.host.path('/usr/lib/migrate-guard/migrate-guard'));
    const digest = createHash('sha256').update(program).digest('hex');
    expect(sum).toBe(`${digest}  /usr/lib/migrate-guard/migrate-guard`);
    expect(await done(this.root('man', '-w', 'migrate-guard'))).toBe('/usr/share/man/man1/migrate-guard.1\n');
    const complete = 'source /usr/share/bash-completion/completions/migrate-guard; complete -p migrate-guard';
    expect(await this.shell(complete)).toBe('complete -F _migrate_guard migrate-guard\n');
    // On a front-end it also asks for VM_MAD, which no package sets.
    const { stdout } = await this.root('/usr/lib/migrate-guard/install.sh', 'verify');
    expect(stdout).toMatch(/^ok .* are as they were installed$/m);
  }
}

/** Of a command that has to succeed, and to have nothing to complain of. */
export async function done(result: Promise<CommandResult>): Promise<string> {
  const { exit, stdout, stderr } = await result;
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout;
}
