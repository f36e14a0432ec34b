import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Host } from './host';

/** Starts a libvirtd and a virtlogd of the host's own, configured as OpenNebula has it. */
export async function startLibvirt(host: Host): Promise<void> {
  const [uid] = host.owner;
  mkdirSync(host.path('/etc/libvirt'), { recursive: true });
  writeFileSync(
    host.path('/etc/libvirt/libvirtd.conf'),
    `host_uuid = "${randomUUID()}"
unix_sock_group = "${host.user}"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
`,
  );
  writeFileSync(
    host.path('/etc/libvirt/qemu.conf'),
    `user = "${host.user}"
group = "${host.user}"
dynamic_ownership = ${uid === 0 ? 1 : 0}
security_driver = "none"
namespaces = [ "mount" ]
cgroup_controllers = [ ]
`,
  );
  // Started from other places than Debian's, lest AppArmor profiles for those apply: they do not foresee a lab.
  mkdirSync(host.path('/run/migrate-guard-lab/sbin'), { recursive: true });
  for (const daemon of ['virtlogd', 'libvirtd']) {
    const copy = `/run/migrate-guard-lab/sbin/${daemon}`;
    copyFileSync(`/usr/sbin/${daemon}`, host.path(copy));
    chmodSync(host.path(copy), 0o755);
    await host.succeed([copy, '--daemon']);
  }
  await host.virsh('uri');
}
