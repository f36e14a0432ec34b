import { stringOf } from '../../core/report-json';
import { isUnknown, unknownOf, type Unknown } from '../../core/unknown';
import { message } from '../../messages';
import { fileNameOf } from './block-nodes';
import { property, type QmpReply } from './qmp';

/** A disk as the guest has it, from `query-block`: what it writes to. */
export interface GuestDisk {
  /** The guest's device: its id, or its path among QEMU's objects. */
  readonly device: string;
  /** QEMU's top node of that disk, where it has a name. */
  readonly node?: string;
  /** The file of that node, where its name shows one. */
  readonly path?: string;
}

/** Reads the answer to `query-block`: the disks of the guest that have a medium. */
export function readGuestDisks(reply: QmpReply | Unknown): readonly GuestDisk[] | Unknown {
  if (isUnknown(reply)) return reply;
  if (reply.kind === 'error')
    return unknownOf(message('qemu-refused', { command: 'query-block', error: reply.text }));
  if (!Array.isArray(reply.value)) return unknownOf(message('no-disk-list'));
  return reply.value.flatMap((disk): GuestDisk[] => {
    const inserted = property(disk, 'inserted');
    const device = stringOf(property(disk, 'qdev'));
    if (inserted === undefined || device === undefined) return [];
    const node = stringOf(property(inserted, 'node-name'));
    const path = fileNameOf(property(inserted, 'file'));
    return [{ device, ...(node === undefined ? {} : { node }), ...(path === undefined ? {} : { path }) }];
  });
}
