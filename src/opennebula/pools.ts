import { child, children, descend, parseXml, type Element } from '../core/xml';

/** Of the hooks that install.sh ships, those whose programs are registered (`onehook list -x`). @throws XmlError */
export function registeredHooks(xml: string): string[] {
  const commands = children(parseXml(xml), 'HOOK').map((hook) => text(hook, 'TEMPLATE', 'COMMAND'));
  return shippedHooks.filter((name) => commands.some((command) => command.endsWith(`migrate-guard/${name}`)));
}

export const shippedHooks = ['pre-migrate', 'post-failure'] as const;

/** Hosts that an admin has switched off (`HostTemplate.h`: OFFLINE). */
const offline = '8';

/** The names of the KVM hosts (`onehost list -x`). @throws XmlError */
export function kvmHosts(xml: string): string[] {
  return children(parseXml(xml), 'HOST')
    .filter((host) => ['kvm', 'qemu'].includes(text(host, 'VM_MAD')) && text(host, 'STATE') !== offline)
    .map((host) => child(host, 'NAME')?.text ?? '')
    .filter((name) => name !== '');
}

function text(element: Element, ...names: readonly string[]): string {
  return descend(element, ...names)?.text ?? '';
}
