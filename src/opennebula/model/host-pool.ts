import { children, textIn, type Element } from '../../core/element';

/** Of the hooks that install.sh ships, those whose programs are registered (`onehook list -x`). */
export function registeredHooks(pool: Element): string[] {
  const commands = children(pool, 'HOOK').map((hook) => textIn(hook, 'TEMPLATE', 'COMMAND'));
  return shippedHooks.filter((name) => commands.some((command) => command.endsWith(`migrate-guard/${name}`)));
}

export const shippedHooks = ['pre-migrate', 'post-failure'] as const;

/** Hosts that an admin has switched off (`HostTemplate.h`: OFFLINE). */
const offline = '8';

/** VM_MADs that drive KVM: `qemu` is for nested virtualization. */
export const hypervisorDrivers: readonly string[] = ['kvm', 'qemu'];

export interface KvmHost {
  readonly name: string;
  readonly cluster: { readonly id: string; readonly name: string };
  /** The VM_MAD that moves its VMs. */
  readonly driver: string;
}

/** The hosts that run OpenNebula's KVM drivers (`onehost list -x`). */
export function kvmHosts(pool: Element): KvmHost[] {
  return children(pool, 'HOST')
    .filter((host) => textIn(host, 'STATE') !== offline)
    .map((host) => ({
      name: textIn(host, 'NAME'),
      cluster: { id: textIn(host, 'CLUSTER_ID'), name: textIn(host, 'CLUSTER') },
      driver: textIn(host, 'VM_MAD'),
    }))
    .filter(({ name, driver }) => name !== '' && hypervisorDrivers.includes(driver));
}
