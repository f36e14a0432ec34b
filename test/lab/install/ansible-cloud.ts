import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPoolXml } from '../../support/fake-fleet/fake-cloud';
import { layOned } from '../../namespace/doctor/running-oned';
import type { CommandResult } from '../../../src/os/run-command';
import { Lab, type Host } from '../harness';
import { put } from '../plugin/install-in-lab';
import { onedConf, stockScripts } from '../plugin/stock-opennebula';
import * as standIns from './cloud-stand-ins';

const playbook = join(__dirname, '../../../deploy/ansible/playbooks/site.yml');
const oneadmin = 9869;
const remotes = '/var/lib/one/remotes';

const inventory = `[all:vars]
ansible_user=root
ansible_python_interpreter=/usr/bin/python3
[frontend]
front
[node]
kvm1
kvm2
`;

/** The tasks of a machine in one run, as Ansible counts them. */
interface Recap {
  readonly changed: number;
  readonly failed: number;
}

interface PlaybookRun extends CommandResult {
  /** By the name of the machine. */
  readonly recaps: Readonly<Record<string, Recap>>;
}

/** A front-end and two hosts, each with its own dpkg; Ansible runs on the front-end and reaches all three over ssh. */
export class AnsibleCloud {
  private constructor(readonly lab: Lab) {}

  static async start(): Promise<AnsibleCloud> {
    const cloud = new AnsibleCloud(await Lab.start({ hosts: ['front', 'kvm1', 'kvm2'] }));
    try {
      await Promise.all(cloud.lab.hosts.map(prepare));
      await layFrontEnd(cloud.front);
      for (const name of ['kvm1', 'kvm2'])
        put(cloud.lab.host(name), '/usr/bin/systemctl', standIns.systemctlOfHost, 0o755);
    } catch (error) {
      await cloud.stop();
      throw error;
    }
    return cloud;
  }

  get front(): Host {
    return this.lab.host('front');
  }

  /** Sets what `onevm list` prints. */
  vms(...lines: readonly string[]): void {
    put(this.front, standIns.vmsFile, lines.map((line) => `${line}\n`).join(''), 0o644);
  }

  /** The orders that systemctl and onehost got on the front-end since the last call. */
  orders(): string[] {
    const lines = this.front.read(standIns.ordersFile).split('\n').slice(0, -1);
    writeFileSync(this.front.path(standIns.ordersFile), '');
    return lines;
  }

  /** Runs the playbook of the source tree. */
  async playbook(variables: object, ...options: readonly string[]): Promise<PlaybookRun> {
    const command = ['ansible-playbook', '-i', '/etc/inventory', '-e', JSON.stringify(variables)] as const;
    const env = {
      LC_ALL: 'C.UTF-8',
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_GATHERING: 'smart',
      ANSIBLE_PIPELINING: '1',
      ANSIBLE_SSH_ARGS: '-o ControlMaster=auto -o ControlPersist=600',
      ANSIBLE_LOG_PATH: '/var/log/ansible.log',
    };
    const ran = await this.front.run([...command, ...options, playbook], { deadline: 500_000, env });
    const recap = /^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=(\d+)/gm;
    const recaps = [...ran.stdout.matchAll(recap)].map(
      ([, host, changed, failed]) => [host, { changed: Number(changed), failed: Number(failed) }] as const,
    );
    return { ...ran, recaps: Object.fromEntries(recaps) as PlaybookRun['recaps'] };
  }

  /** Every file of the machines that could have been written: its mode, owner and contents. */
  async picture(): Promise<string> {
    const look = `cd /run/migrate-guard-lab && find usr/upper etc var/lib var/tmp \\( -path var/lib/dpkg -o -path var/lib/apt -o -name .ssh -o \\
      -path var/lib/libvirt -o -name '*.pyc' -o -path '${standIns.ordersFile.slice(1)}' \\) -prune -o \\
      ! -type d -printf '%p %y %m %U:%G %l\\n' -type f -exec sha256sum {} + | sort`;
    const pictures = this.lab.hosts.map((host) => host.succeed(['sh', '-c', look]));
    return (await Promise.all(pictures)).map(({ stdout }) => stdout).join('\n');
  }

  stop(): Promise<void> {
    return this.lab.stop();
  }
}

/** Its own /usr, dpkg and apt, and root's key. dpkg knows only the packages that ours need, as installed. */
async function prepare(host: Host): Promise<void> {
  const dependencies = ['acl', 'bash', 'libc6', 'libstdc++6', 'openssh-client', 'sudo'].map((name) =>
    [
      ...[`Package: ${name}`, 'Status: install ok installed', 'Architecture: amd64', 'Version: 1:99'],
      ...['Maintainer: nobody <nobody@localhost>', 'Description: what a machine has', '', ''],
    ].join('\n'),
  );
  rmSync(host.path('/var/lib/dpkg'));
  put(host, '/var/lib/dpkg/status', dependencies.join(''), 0o644);
  const script = `lab=/run/migrate-guard-lab
    mkdir -p $lab/usr/upper $lab/usr/work
    mount -t overlay -o lowerdir=/usr,upperdir=$lab/usr/upper,workdir=$lab/usr/work overlay /usr
    cd /var/lib/dpkg && mkdir info updates triggers && touch available && echo 1 >info/format
    for name in acl bash libc6 libstdc++6 openssh-client sudo; do echo /. >info/$name.list; done
    rm -rf /var/lib/apt /etc/apt/apt.conf.d/* /etc/apt/sources.list*
    mkdir -p /var/lib/apt/lists/partial /run/systemd/system
    mount -t tmpfs tmpfs /var/cache/apt && mkdir -p /var/cache/apt/archives/partial
    cp /var/lib/one/.ssh/authorized_keys $lab/.ssh/ && chown root: $lab/.ssh/authorized_keys
    sed -i 's/^PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config
    kill -s HUP "$(cat /run/sshd.pid)"`;
  await host.succeed(['sh', '-euc', script]);
}

async function layFrontEnd(front: Host): Promise<void> {
  layOned({ path: (path) => front.path(path), write: (path, text) => put(front, path, text, 0o755) });
  for (const [name, text] of Object.entries(stockScripts))
    put(front, `${remotes}/vmm/kvm/${name}`, text, 0o755, oneadmin);
  put(front, `${remotes}/VERSION`, '7.0.0\n', 0o644, oneadmin);
  put(front, '/etc/one/oned.conf', onedConf, 0o640);
  put(front, standIns.vmsFile, '', 0o644);
  put(front, standIns.ordersFile, '', 0o666);
  put(front, standIns.hooksFile, '', 0o644, oneadmin);
  const hosts = hostPoolXml({ hosts: [{ name: 'kvm1' }, { name: 'kvm2' }], vms: [] });
  put(front, standIns.hostsFile, hosts, 0o644);
  put(front, '/etc/inventory', inventory, 0o644);
  const { onevm, onehost, onehook, systemctlOfFrontEnd: systemctl } = standIns;
  for (const [name, text] of Object.entries({ onevm, onehost, onehook, systemctl }))
    put(front, `/usr/bin/${name}`, text, 0o755);
  const start = `ln -s /bin/bash /usr/bin/ruby
    chown -R oneadmin: ${remotes}
    chgrp oneadmin /etc/one/oned.conf
    systemctl restart opennebula
    runuser -u oneadmin -- onehost sync -f
    : >${standIns.ordersFile}`;
  await front.succeed(['bash', '-euc', start]);
}
