import { readdirSync } from 'node:fs';
import { locate, type KnownQemu } from '../../src/block-state/io/process-memory';
import { parseLayout } from '../../src/block-state/model/memory-layout';
import { isUnknown, type Unknown } from '../../src/core/unknown';
import { QemuProcess } from '../../src/hypervisor/process';
import type { Domain } from '../../test/lab/harness';

export interface LocatedQemu {
  /** To be closed. */
  readonly qemu: QemuProcess;
  readonly known: KnownQemu;
}

/** Holds the QEMU of a domain; its host must have the layout of this one QEMU (`migrate-guard layout`). */
export function locateQemu({ host, name, uuid, outerPid }: Domain): LocatedQemu {
  const directory = '/var/lib/migrate-guard/layouts';
  const file = `${directory}/${readdirSync(host.path(directory))[0] ?? ''}`;
  const layout = known(parseLayout(host.read(file)));
  const qemu = known<QemuProcess>(QemuProcess.open(outerPid, { name, uuid }));
  return { qemu, known: known(locate(qemu, layout)) };
}

function known<T extends object>(value: T | Unknown): T {
  if (isUnknown(value)) throw new Error(value.unknown);
  return value;
}
