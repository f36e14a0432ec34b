import { chmodSync } from 'node:fs';
import { onedConf } from '../installation/machine-tree';
import type { Package } from '../installation/package';
import type { PrivateMachine } from '../installation/private-machine';
import { useMachine } from '../installation/use-machine';

export interface Finding {
  readonly check: string;
  readonly state: string;
  readonly what: string;
  readonly remedy?: string;
}

export interface Report {
  readonly exit: number | null;
  readonly roles: readonly string[];
  readonly findings: readonly Finding[];
  readonly hosts: readonly { readonly host: string; readonly findings: readonly Finding[] }[];
}

/** One machine that is both front-end and host; OpenNebula's commands and the network are fakes. */
class DoctorMachine {
  constructor(private readonly on: { readonly source: Package; readonly machine: PrivateMachine }) {}

  get machine(): PrivateMachine {
    return this.on.machine;
  }

  get source(): Package {
    return this.on.source;
  }

  program(path: string, ...lines: readonly string[]): void {
    this.machine.write(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(this.machine.path(path), 0o755);
  }

  /** OpenNebula, as far as doctor sees it. The fake `ssh` runs the command here, as the user who started it. */
  async frontEnd(hosts: string, hooks: string): Promise<void> {
    await this.machine.root([
      'sh',
      '-c',
      'mkdir -p /var/lib/one/remotes/vmm/kvm /etc/one; mkdir -p /etc/libvirt; chown -R oneadmin: /var/lib/one',
    ]);
    this.machine.write('/var/lib/one/remotes/VERSION', '6.6.0');
    for (const mover of ['migrate', 'save']) this.machine.write(`/var/lib/one/remotes/vmm/kvm/${mover}`, '');
    this.machine.write('/etc/one/oned.conf', onedConf());
    this.machine.write('/etc/libvirt/qemu.conf', '');
    this.program('/usr/bin/onehost', `echo '${hosts}'`);
    this.program('/usr/bin/onehook', `echo '${hooks}'`);
    this.program(
      '/usr/bin/ssh',
      'for word; do case $word in *@*) host=${word#*@} ;; esac; done',
      'case $host in',
      '  kvm1) exec sh -c "$word" ;;',
      '  gone) echo "ssh: connect to host gone port 22: No route to host" >&2; exit 255 ;;',
      '  slow) exec sleep 600 ;;',
      '  bare) exec sh -c "echo sudo: a password is required >&2; exit 1" ;;',
      'esac',
    );
    for (const argv of [['frontend', '--set-vm-mad'], ['host']])
      expect(await this.machine.root([this.source.file('install.sh'), ...argv])).toMatchObject({
        exit: 0,
        stderr: '',
      });
    await this.machine.root([
      'sh',
      '-c',
      'mkdir /var/tmp/one; cp -r /var/lib/one/remotes/. /var/tmp/one; chmod -R a+rX /var/tmp/one',
    ]);
  }

  async doctor(...argv: readonly string[]): Promise<Report> {
    const { exit, stdout } = await this.machine.root(['migrate-guard', 'doctor', '--json', ...argv]);
    return { exit, ...(JSON.parse(stdout) as Omit<Report, 'exit'>) };
  }
}

/** Call it once, where hooks are declared. */
export function useDoctorMachine(lasting?: 'all' | 'each'): DoctorMachine {
  return new DoctorMachine(useMachine(lasting));
}

export function hostPool(...names: readonly string[]): string {
  const hosts = names.map(
    (name) => `<HOST><NAME>${name}</NAME><STATE>2</STATE><VM_MAD><![CDATA[kvm]]></VM_MAD></HOST>`,
  );
  return `<HOST_POOL>${hosts.join('')}<HOST><NAME>off</NAME><STATE>8</STATE><VM_MAD>kvm</VM_MAD></HOST></HOST_POOL>`;
}

export function hookPool(...names: readonly string[]): string {
  const hooks = names.map(
    (name) => `<HOOK><TEMPLATE><COMMAND>migrate-guard/${name}</COMMAND></TEMPLATE></HOOK>`,
  );
  return `<HOOK_POOL>${hooks.join('')}</HOOK_POOL>`;
}

export function troubles(findings: readonly Finding[] = []): string[] {
  return findings.filter(({ state }) => state !== 'ok').map(({ check, state }) => `${check} ${state}`);
}
