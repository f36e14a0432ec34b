import type { MessageRow } from './message';

/** A move to another datastore of the same host (src/move/model/datastore-move.ts). */
export const datastoreMove = {
  'datastore-disk-there': {
    text: '{disks} of this VM is in {directory} already: the move would replace the file that QEMU has open',
    short: '{disks} is there already: it would be replaced',
    cause: 'an earlier move to that datastore failed half way (OpenNebula#8040)',
    remedy: 'see docs/runbook.md, A datastore move that failed half way',
  },
  'datastore-none-moved': {
    text: 'the move to another datastore failed before it had moved a disk: QEMU has all of them where they were',
    short: 'the datastore move failed, and moved no disk',
    cause: 'the mover’s own message, which comes first, says why',
  },
  'datastore-half-moved': {
    text: 'the move to another datastore failed after {moved} had been moved: QEMU has {kept} where it was; OpenNebula has all disks where they were: do not power it off, and do not repeat the move',
    short: 'a step failed after {moved} had been moved',
    cause:
      'a copy failed after another disk had been moved (OpenNebula#8040), or a later step: disks that are links are never moved',
    remedy: 'on its host, which moves them back while it runs: {commands}',
  },
  'datastore-all-moved': {
    text: 'all disks ({moved}) were moved to another datastore, and then the move failed: OpenNebula has them where they were: do not power it off, and do not repeat the move',
    short: 'all disks were moved, but not in the record of OpenNebula',
    cause: 'a step after the copies failed (OpenNebula#8040)',
    remedy: 'on its host, which moves them back while it runs: {commands}',
  },
  'datastore-end-copy': { text: 'on its host, which ends the copy that libvirt continues: {commands}' },
  'datastore-first-warning': {
    text: 'first as the warning before this line says, then as migrate-guard check {domain} says, until it names no deleted file; then {remedy}',
  },
  'datastore-data-file': {
    text: '{disks}, which has a data file of its own, has to be copied back by hand: see docs/runbook.md, A datastore move that failed half way',
  },
  'datastore-others': { text: '{first}; the others {remedy}' },
  'datastore-disks-unknown': {
    text: 'the move to another datastore failed, and it is not known where QEMU has the disks now: do not power it off, and do not repeat the move',
    short: 'the datastore move failed; where its disks are is not known',
    cause: 'the agent did not answer before or after the mover, or another process had locked the VM',
    remedy:
      'on its host: virsh domblklist {domain}; then see docs/runbook.md, A datastore move that failed half way',
  },
  'datastore-not-checked': {
    text: 'after the move to another datastore it could not be checked: {why}',
    cause: 'the agent did not answer',
  },
  'datastore-problem-after': {
    text: 'after the move to another datastore: {reason}',
    cause: 'the check found a reason for which the next move would fail',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
