import { isOurs } from './our-node';
import { property, type QmpReply } from './qmp';
import { stringOf } from '../../core/report-json';
import { isUnknown, unknownOf, type Unknown } from '../../core/unknown';
import { message } from '../../messages';

/** Drivers of QEMU's block/file-posix.c: the nodes that open a local path. */
const fileDrivers = new Set(['file', 'host_device', 'host_cdrom']);

/** Reads the answer to `query-named-block-nodes`: the nodes that have a local file open, by their own names. */
export function readBlockNodes(reply: QmpReply | Unknown): readonly BlockNode[] | Unknown {
  if (isUnknown(reply)) return reply;
  if (reply.kind === 'error') {
    const values = { command: 'query-named-block-nodes', error: reply.text };
    return unknownOf(message('qemu-refused', values));
  }
  const nodes = reply.value;
  if (!Array.isArray(nodes)) return unknownOf(message('no-node-list'));
  const found: BlockNode[] = [];
  const written = new Set<string>();
  for (const node of nodes) {
    const driver = property(node, 'drv');
    const name = property(node, 'node-name');
    const path = fileNameOf(property(node, 'file'));
    if (typeof driver !== 'string' || typeof name !== 'string') {
      return unknownOf(message('node-not-described'));
    }
    if (isOurs(name)) continue;
    if (!fileDrivers.has(driver)) {
      // A node has the name of the file below it (block.c, bdrv_refresh_filename).
      if (path !== undefined && property(node, 'ro') !== true) written.add(path);
      continue;
    }
    if (path === undefined) return unknownOf(message('node-without-file', { node: name }));
    // A set of descriptors that was passed to QEMU is not the path of a file.
    if (path.startsWith('/dev/fdset/')) continue;
    const size = property(property(node, 'image'), 'virtual-size');
    found.push({
      name,
      driver,
      path,
      readonly: property(node, 'ro') === true,
      ...(property(property(node, 'cache'), 'direct') === true ? { direct: true as const } : {}),
      ...(typeof size === 'number' ? { size } : {}),
      ...(property(node, 'encryption_key_missing') === undefined ? {} : { isBefore6: true as const }),
    });
  }
  return found.map((node) => (written.has(node.path) ? { ...node, written: true } : node));
}

/**
 * Nodes with options of their own carry a pseudo file name `json:{…}` (QEMU's bdrv_refresh_filename), which has the file of
 * the lowest node inside, and is cut off at 4095 bytes.
 */
export function fileNameOf(file: unknown): string | undefined {
  if (typeof file !== 'string') return undefined;
  if (!file.startsWith('json:')) return file;
  try {
    let options: unknown = JSON.parse(file.slice('json:'.length));
    while (property(options, 'file') !== undefined) options = property(options, 'file');
    return stringOf(property(options, 'filename'));
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
  /** QEMU opened it with O_DIRECT. */
  readonly direct?: true;
  /** The node above it, of the format, is not read-only. The node itself does not show that if it has auto-read-only. */
  readonly written?: true;
  /** Bytes of what it has open, where QEMU reports them: a device's size when QEMU opened it or last resized it. */
  readonly size?: number;
  /** It has a field that QEMU 6.0 removed (docs/about/removed-features.rst, encryption_key_missing). */
  readonly isBefore6?: true;
}
