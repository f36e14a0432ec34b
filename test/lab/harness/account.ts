import { appendFileSync, chownSync, writeFileSync } from 'node:fs';
import type { Host } from './lab-host';

/** Adds OpenNebula's user to the host's private `/etc`, with the ids that OpenNebula's packages use. */
export function addAccount(host: Host): void {
  dropEntries(host, '/etc/passwd', 'oneadmin');
  dropEntries(host, '/etc/shadow', 'oneadmin');
  dropEntries(host, '/etc/group', 'oneadmin');
  appendFileSync(host.path('/etc/passwd'), 'oneadmin:x:9869:9869::/var/lib/one:/bin/bash\n');
  // `*`: no password, but not locked: sshd accepts a key.
  appendFileSync(host.path('/etc/shadow'), 'oneadmin:*:19000:0:99999:7:::\n');
  appendFileSync(host.path('/etc/group'), 'oneadmin:x:9869:\n');
  // libvirt 7 does not start without the user of its defaults, whom libvirt-daemon-system would add.
  if (!host.read('/etc/passwd').includes('\nlibvirt-qemu:')) {
    appendFileSync(
      host.path('/etc/passwd'),
      'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin\n',
    );
    appendFileSync(host.path('/etc/group'), 'libvirt-qemu:x:64055:\n');
  }
  for (const directory of ['/var/lib/one', '/var/lib/one/datastores']) {
    chownSync(host.path(directory), 9869, 9869);
  }
  writeFileSync(host.path('/etc/hostname'), `${host.name}\n`);
}

/** The real machine may be an OpenNebula host. */
function dropEntries(host: Host, file: string, name: string): void {
  const lines = host.read(file).split('\n');
  writeFileSync(host.path(file), lines.filter((line) => !line.startsWith(`${name}:`)).join('\n'));
}
