/**
 * `namespaces` of libvirt's qemu.conf: which of QEMU's namespaces libvirt makes. `undefined`: the default, which is
 * a mount namespace (libvirt's src/qemu/qemu.conf.in).
 */
export function qemuNamespaces(text: string): string[] | undefined {
  const list = [...text.matchAll(/^[ \t]*namespaces[ \t]*=[ \t]*\[([^\][]*)\]/gm)].at(-1)?.[1];
  if (list === undefined) return undefined;
  return [...list.matchAll(/"([^"]*)"/g)].map(([, name = '']) => name);
}
