import type { Finding } from '../../core/finding';
import { isUnknown, reasonIn } from '../../core/unknown';
import { message } from '../../messages';
import type { Check } from './check-type';

/** With `--deep`: does QEMU call its files by the names in libvirt's XML? QEMU re-opens a disk by its own name. */
export const diskName: Check = {
  name: 'disk-name',
  inspect: ({ nodes, domain }) => {
    if (!nodes) return [];
    const base = { check: 'disk-name' };
    if (isUnknown(nodes)) {
      const why = reasonIn(nodes);
      return [{ ...base, state: 'unknown', ...message('block-nodes-not-read', { why }) }];
    }
    const byQemu = new Set(nodes.map(({ path }) => path));
    const renamed = domain.sources.filter(({ path }) => !byQemu.has(path));
    const differences = renamed.map(({ disk, path, node: nodeName }): Finding => {
      const node = nodes.find(({ name }) => name === nodeName)?.path;
      const found =
        node === undefined ? message('not-open-in-qemu') : message('names-differ', { path, node });
      return { ...base, state: 'ok', disk, path, ...found, note: true };
    });
    const byLibvirt = new Set(domain.sources.flatMap(({ path, node }) => [path, node]));
    const extra = nodes.filter(({ path, name }) => !byLibvirt.has(path) && !byLibvirt.has(name));
    const added = extra.map(({ path, name: node }): Finding => {
      const found = message('not-in-libvirt-xml', { node });
      return { ...base, state: 'ok', disk: node, path, ...found, note: true };
    });
    const all = [...differences, ...added];
    return all.length > 0 ? all : [{ ...base, state: 'ok', ...message('names-agree') }];
  },
};
