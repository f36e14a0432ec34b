import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const oneadmin = 9869;

/** ARGUMENTS of oned.conf after install.sh has selected the drivers. */
export const selected = '-t 15 -r 0 kvm -p -l migrate=migrate-guard,save=save-guard';

/** An oned.conf in OpenNebula's form, as small as possible. */
export function onedConf(args = '-t 15 -r 0 kvm -p'): string {
  return [
    '# OpenNebula Configuration file',
    'VM_MAD = [',
    '    NAME           = "kvm",',
    '    EXECUTABLE     = "one_vmm_exec",',
    `    ARGUMENTS      = "${args}",`,
    '    TYPE           = "kvm"',
    ']',
    '',
    'VM_MAD = [ NAME = "qemu", ARGUMENTS = "-t 15 -r 0 kvm" ]',
    '',
  ].join('\n');
}

interface Ownership {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** The files of a front-end, below a separate directory: in OpenNebula's layout, with the real relative paths. */
export class MachineTree {
  readonly root = mkdtempSync(join(tmpdir(), 'migrate-guard-machine-'));

  /** A copy of `template`, with its owners; without one, nothing is installed. */
  constructor(template?: MachineTree) {
    chmodSync(this.root, 0o755);
    if (template) {
      execFileSync('cp', ['--archive', '--no-target-directory', '--', template.root, this.root]);
      return;
    }
    for (const path of ['usr/sbin', 'usr/lib', 'var/log', 'etc/sudoers.d', 'etc/logrotate.d'])
      mkdirSync(join(this.root, path), { recursive: true });
    this.write(
      '/etc/passwd',
      `root:x:0:0::/root:/bin/sh\noneadmin:x:${oneadmin}:${oneadmin}::/var/lib/one:/bin/sh\n`,
    );
    this.write('/etc/one/oned.conf', onedConf(), { mode: 0o640, gid: oneadmin });
    this.layStock('6.6.0');
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string, { mode = 0o644, uid = 0, gid }: Ownership = {}): void {
    const file = this.path(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chownSync(file, uid, gid ?? uid);
    chmodSync(file, mode);
  }

  /**
   * Moves a directory of the system elsewhere and leaves a link in its place, as on some machines.
   * @returns its new path
   */
  moveBehindLink(path: string, target: string): string {
    const end = join(dirname(this.path(path)), target);
    mkdirSync(dirname(end), { recursive: true });
    renameSync(this.path(path), end);
    symlinkSync(target, this.path(path));
    return end;
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Replaces remotes/ as an upgrade of OpenNebula's package does: everything that was there is removed. */
  layStock(version: string): void {
    const remotes = this.path('/var/lib/one/remotes');
    rmSync(remotes, { recursive: true, force: true });
    const own = { uid: oneadmin };
    this.write('/var/lib/one/remotes/VERSION', version, own);
    for (const script of [
      'vmm/kvm/migrate',
      'vmm/kvm/save',
      'tm/shared/premigrate',
      'tm/shared/failmigrate',
      'tm/ceph/premigrate',
      'tm/ceph/failmigrate',
      'im/kvm-probes.d/vm/monitor/monitor_ds_vm.rb',
      'hooks/ft/host_error.rb',
    ])
      this.write(`/var/lib/one/remotes/${script}`, `#!/bin/sh\n# ${version}\n`, { ...own, mode: 0o755 });
    for (const path of this.list('/var/lib/one')) chownSync(this.path(path), oneadmin, oneadmin);
  }

  /** Every path with its kind, mode, owner and content. */
  picture(): string[] {
    return this.list('').map((path) => {
      const file = this.path(path);
      const { mode, uid, gid } = lstatSync(file);
      return `${path} ${mode.toString(8)} ${uid}:${gid} ${content(file)}`;
    });
  }

  list(below: string): string[] {
    const found = readdirSync(this.path(below), { recursive: true, encoding: 'utf8' });
    return [below, ...found.map((path) => join(below, path))].sort();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function content(file: string): string {
  const stat = lstatSync(file);
  if (stat.isSymbolicLink()) return readlinkSync(file);
  return stat.isFile() ? createHash('sha256').update(readFileSync(file)).digest('hex') : '';
}
