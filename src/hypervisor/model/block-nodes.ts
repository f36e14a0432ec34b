import { property, type QmpReply } from './qmp';
import { textOf } from '../../core/report-json';
import { isUnknown, type Unknown } from '../../core/unknown';

/** Drivers of QEMU's block/file-posix.c: the nodes that open a local path. */
const fileDrivers = new Set(['file', 'host_device', 'host_cdrom']);

/** Reads the answer to `query-named-block-nodes`: the nodes that have a local file open, by their own names. */
export function readBlockNodes(reply: QmpReply | Unknown): readonly BlockNode[] | Unknown {
  if (isUnknown(reply)) return reply;
  if (reply.kind === 'error') return { unknown: `QEMU refused query-named-block-nodes: ${reply.text}` };
  const nodes = reply.value;
  if (!Array.isArray(nodes))
    return { unknown: 'QEMU answered query-named-block-nodes without a list of nodes' };
  const found: BlockNode[] = [];
  const written = new Set<string>();
  for (const node of nodes) {
    const driver = property(node, 'drv');
    const name = property(node, 'node-name');
    const path = fileNameOf(property(node, 'file'));
    if (typeof driver !== 'string' || typeof name !== 'string') {
      return { unknown: 'QEMU named a block node without driver or name' };
    }
    if (!fileDrivers.has(driver)) {
      // A node is called as the file below it is (block.c, bdrv_refresh_filename).
      if (path !== undefined && property(node, 'ro') !== true) written.add(path);
      continue;
    }
    if (path === undefined) return { unknown: `QEMU does not tell which file its node ${name} has open` };
    // A set of descriptors that somebody passed to QEMU is no path of a file.
    if (path.startsWith('/dev/fdset/')) continue;
    const size = property(property(node, 'image'), 'virtual-size');
    found.push({
      name,
      driver,
      path,
      readonly: property(node, 'ro') === true,
      ...(typeof size === 'number' ? { size } : {}),
    });
  }
  return found.map((node) => (written.has(node.path) ? { ...node, written: true } : node));
}

/** Nodes with options of their own carry a pseudo file name `json:{…}` (QEMU's bdrv_refresh_filename). */
function fileNameOf(file: unknown): string | undefined {
  if (typeof file !== 'string') return undefined;
  if (!file.startsWith('json:')) return file;
  try {
    const options: unknown = JSON.parse(file.slice('json:'.length));
    const name = property(options, 'filename') ?? property(property(options, 'file'), 'filename');
    return textOf(name);
  } catch {
    return undefined;
  }
}

/** A protocol node of QEMU's block layer, from `query-named-block-nodes`. */
export interface BlockNode {
  readonly name: string;
  readonly driver: string;
  readonly path: string;
  readonly readonly: boolean;
  /** A node above it is not read-only (the format's; the node itself never says so, where it has auto-read-only). */
  readonly written?: true;
  /** Bytes of what it has open, where QEMU tells them: a device's as they were when QEMU opened it or was told to resize. */
  readonly size?: number;
}
