import type { Finding } from '../../core/finding';
import { isUnknown } from '../../core/unknown';
import type { Check } from './check-type';

/** With `--deep`: does QEMU itself call its files by the names that libvirt's XML holds? It re-opens by its own. */
export const diskName: Check = {
  name: 'disk-name',
  inspect: ({ nodes, domain }) => {
    if (!nodes) return [];
    if (isUnknown(nodes)) {
      const what = `QEMU could not be asked for its block nodes: ${nodes.unknown}`;
      return [
        { check: 'disk-name', state: 'unknown', what, remedy: 'see whether libvirtd runs and answers' },
      ];
    }
    const byQemu = new Set(nodes.map(({ path }) => path));
    const gone = domain.sources.filter(({ path }) => !byQemu.has(path));
    const differences = gone.map((source): Finding => {
      const node = nodes.find(({ name }) => name === source.node);
      const what = node
        ? `libvirt calls it ${source.path}, QEMU ${node.path}; both were checked`
        : `libvirt's XML names it, but QEMU has no such file open by that name`;
      return { check: 'disk-name', state: 'ok', disk: source.disk, path: source.path, what, note: true };
    });
    const byLibvirt = new Set(domain.sources.flatMap(({ path, node }) => [path, node]));
    const extra = nodes.filter(({ path, name }) => !byLibvirt.has(path) && !byLibvirt.has(name));
    const added = extra.map(({ path, name }): Finding => {
      const what = `QEMU has it open as node ${name}, libvirt's XML does not name it; it was checked too`;
      return { check: 'disk-name', state: 'ok', disk: name, path, what, note: true };
    });
    const all = [...differences, ...added];
    return all.length > 0
      ? all
      : [{ check: 'disk-name', state: 'ok', what: 'QEMU and libvirt call every file by the same name' }];
  },
};
