import { children, textIn, type Element } from '../../core/element';

/** The names of the hooks of install.sh that are registered (`onehook list -x`). */
export function registeredHooks(pool: Element): string[] {
  const commands = children(pool, 'HOOK').map((hook) => textIn(hook, 'TEMPLATE', 'COMMAND'));
  return shippedHooks.filter((name) => commands.some((command) => command.endsWith(`migrate-guard/${name}`)));
}

export const shippedHooks = ['pre-migrate', 'post-failure'] as const;

/** Hosts that an admin has switched off (`Host.h`: OFFLINE). */
const offline = '8';

/** Hosts that monitord monitors: MONITORED, DISABLED (`Host.h`). */
const monitored: readonly string[] = ['2', '4'];

/** VM_MADs that drive KVM: `qemu` is for nested virtualization. */
export const hypervisorDrivers: readonly string[] = ['kvm', 'qemu'];

export interface KvmHost {
  readonly name: string;
  readonly cluster: { readonly id: string; readonly name: string };
  /** The VM_MAD that moves its VMs. */
  readonly driver: string;
  /**
   * VMs that oned's monitoring found there within the last minutes, although oned's records do not place them there
   * (InformationManager.cc, _vm_state; Host.cc, update_zombies).
   */
  readonly zombies: readonly number[];
}

/** The hosts that run OpenNebula's KVM drivers (`onehost list -x`). */
export function kvmHosts(pool: Element): KvmHost[] {
  return children(pool, 'HOST')
    .filter((host) => textIn(host, 'STATE') !== offline)
    .map((host) => ({
      name: textIn(host, 'NAME'),
      cluster: { id: textIn(host, 'CLUSTER_ID'), name: textIn(host, 'CLUSTER') },
      driver: textIn(host, 'VM_MAD'),
      zombies: monitored.includes(textIn(host, 'STATE')) ? idsIn(textIn(host, 'TEMPLATE', 'ZOMBIES')) : [],
    }))
    .filter(({ name, driver }) => name !== '' && hypervisorDrivers.includes(driver));
}

/** Ids such as `7, 8`; wild VMs have the id -1 there. */
function idsIn(text: string): number[] {
  return text.split(', ').flatMap((word) => (/^[0-9]{1,10}$/.test(word) ? [Number(word)] : []));
}
