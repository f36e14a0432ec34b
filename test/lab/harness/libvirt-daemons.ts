import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { startDaemon } from './daemons';
import type { Host } from './lab-host';

/** Starts a libvirtd and a virtlogd for the host, configured as in OpenNebula. */
export async function startLibvirt(host: Host): Promise<void> {
  mkdirSync(host.path('/etc/libvirt'), { recursive: true });
  writeFileSync(
    host.path('/etc/libvirt/libvirtd.conf'),
    `host_uuid = "${randomUUID()}"
unix_sock_group = "oneadmin"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
`,
  );
  writeFileSync(
    host.path('/etc/libvirt/qemu.conf'),
    `user = "oneadmin"
group = "oneadmin"
dynamic_ownership = 0
security_driver = "none"
namespaces = [ "mount" ]
cgroup_controllers = [ ]
`,
  );
  for (const daemon of ['virtlogd', 'libvirtd'] as const) await startDaemon(host, daemon);
  await host.virsh('uri');
}
