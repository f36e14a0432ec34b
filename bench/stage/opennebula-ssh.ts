import { put } from '../../test/lab/plugin/install-in-lab';
import type { OpenNebulaStage } from '../../test/lab/plugin/opennebula-stage';

const oneadmin = 9869;
const wrappers = '/usr/lib/one/sh/override';
const sockets = '/run/one/ssh-socks';

/**
 * A copy of share/ssh/etc/config of OpenNebula 6.6 to 7.4, which its packages install on the front-end and on hosts.
 */
const config = `Host *
  StrictHostKeyChecking accept-new
  ServerAliveInterval 10
  ControlMaster no
  ControlPersist 70s
  ControlPath ${sockets}/ctl-M-%C.sock
`;

/**
 * Does what share/ssh/bin/ssh does: every connection of oned's drivers is shared, except where an option forbids it.
 */
const wrapper = `#!/bin/bash
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for word in "$@"; do [[ $word == *ControlMaster* ]] && exec ssh "$@"; done
exec ssh -o ControlMaster=auto "$@"
`;

/**
 * ssh as OpenNebula configures it. Only the front-end shares connections, and not those of a live migration
 * (ssh_stream.rb, ssh_cmd; one_vmm_exec.rb, delegate_actions).
 * @returns oned's environment (opennebula.service, opennebula-ssh-agent.service)
 */
export async function installOpenNebulaSsh(
  stage: OpenNebulaStage,
): Promise<Readonly<Record<string, string>>> {
  put(stage.front, `${wrappers}/ssh`, wrapper, 0o755);
  for (const host of stage.lab.hosts) {
    await host.succeed(['install', '-d', '-o', 'oneadmin', '-g', 'oneadmin', '-m', '700', sockets]);
  }
  const path = `${wrappers}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  return { PATH: path, ...(await stage.startAgent()) };
}

/** Switches to OpenNebula's configuration, with connections that other drivers have just used. */
export async function configureSsh(
  stage: OpenNebulaStage,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  for (const host of stage.lab.hosts) put(host, '/var/lib/one/.ssh/config', config, 0o600, oneadmin);
  for (const host of ['kvm1', 'kvm2']) {
    // The connection stays in the background and keeps the descriptors that ssh was given.
    const command = ['sh', '-c', `ssh ${host} true </dev/null >/dev/null 2>&1`] as const;
    await stage.front.succeed(command, { as: 'oneadmin', env: environment });
  }
}

/** Switches to ssh without that configuration. */
export function forgetSsh(stage: OpenNebulaStage): void {
  for (const host of stage.lab.hosts) host.remove('/var/lib/one/.ssh/config');
}
