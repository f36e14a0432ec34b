import { children, descend, parseXml, type Element } from '../core/xml';

/** Of the hooks that install.sh ships, those whose programs are registered (`onehook list -x`). @throws XmlError */
export function registeredHooks(xml: string): string[] {
  const commands = children(parseXml(xml), 'HOOK').map((hook) => text(hook, 'TEMPLATE', 'COMMAND'));
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

/** The hosts that run OpenNebula's KVM drivers (`onehost list -x`). @throws XmlError */
export function kvmHosts(xml: string): KvmHost[] {
  return children(parseXml(xml), 'HOST')
    .filter((host) => text(host, 'STATE') !== offline)
    .map((host) => ({
      name: text(host, 'NAME'),
      cluster: { id: text(host, 'CLUSTER_ID'), name: text(host, 'CLUSTER') },
      driver: text(host, 'VM_MAD'),
    }))
    .filter(({ name, driver }) => name !== '' && hypervisorDrivers.includes(driver));
}

function text(element: Element, ...names: readonly string[]): string {
  return descend(element, ...names)?.text ?? '';
}
