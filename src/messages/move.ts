import type { MessageRow } from './message';

/** Migrations and saves under guard (src/move). */
export const move = {
  'move-done': { text: 'done' },
  'job-running': {
    text: 'libvirt already runs a job of {domain} ({job})',
    short: 'libvirt already runs a job of this VM ({job})',
    cause: 'another migration, save or snapshot, or a mover that outlived its guard',
    remedy: 'wait for its end, or end it: virsh domjobabort {domain}',
  },
  'block-job-running': {
    text: 'libvirt runs a block job of {domain} ({type} on {disk}), and moves no VM that has one',
    short: 'a block job runs ({type} on {disk})',
    cause: 'blockcopy, blockcommit or blockpull: a snapshot, or a disk on its path to another datastore',
    remedy: 'wait for its end, or see virsh blockjob {domain} {disk}',
  },
  'paths-made': { text: "{paths} made in QEMU's mount namespace" },
  'paths-would-be-made': { text: "{paths} would be made in QEMU's mount namespace" },
  'repair-without-finding': { text: 'the repair failed' },
  'reset-before-move': {
    text: '{done}; an earlier migration had left the block state {state}',
  },
  'copy-stalled': {
    text: 'the copy has made no progress for {seconds} s: libvirt is asked to end its job',
    cause: 'the connection to the destination, or its storage, does not answer',
  },
  'abort-refused': {
    text: 'libvirt does not end its job: {why}; waiting for it',
    cause: 'libvirt may refuse, for example when parts of the VM are on both hosts',
  },
  'mover-killed': {
    text: 'the mover did not end by itself and is killed',
    cause: 'the mover waits for a destination that does not answer',
  },
  'disks-taken-back': { text: "QEMU took its disks back {milliseconds} ms after libvirt's job ended" },
  'mover-failed': {
    text: 'the mover failed for another reason; not retried',
    cause: 'virsh or the driver script failed: its own message, which comes first, says why',
  },
  'move-cancelled': {
    text: 'the move was cancelled',
    cause: 'Ctrl-C, or a signal to migrate-guard',
  },
  'move-stalled': {
    text: 'the copy made no progress and was ended',
    cause: 'see `copy-stalled`',
  },
  'cancelled-not-retried': { text: 'the move was cancelled; not retried' },
  'not-retried': {
    text: '{reason}; the failed move is not retried',
    short: '{reason}',
    cause: 'the hand-over failed, and afterwards the VM could not be made safe',
  },
  'look-for-copy': { text: 'see virsh list --all on {host}, then try again' },
  'disks-not-taken-back': {
    text: 'QEMU does not have its disks back after a failed hand-over: {reason}',
    short: 'QEMU does not have its disks back: {reason}',
    cause:
      'libvirt’s daemon or the destination did not answer, or the destination still has a copy; or the guest was paused, and no reset may start it',
  },
  'reset-before-write': { text: 'migrate-guard reset {domain}, before the guest writes' },
  'reset-with-destination': {
    text: 'once {host} has no copy of it: migrate-guard reset {domain} --destination {host}, before the guest writes',
  },
  'not-reset': {
    text: '{why}; QEMU was not reset: {reason}',
    short: 'QEMU was not reset: {reason}',
    cause: 'the mover failed for another reason, and QEMU may lack its disks',
  },
  'not-as-before': {
    text: '{domain} is {state} here, not {before} as before the move; {why}',
    short: 'the VM is not {before} as before the move',
    cause: 'the guest is paused after a failed move, or libvirt resumed one that was paused',
  },
  'state-not-known': {
    text: 'whether {domain} runs here as before the move is not known: {problem}; {why}',
    short: 'whether the VM runs here as before the move is not known',
    cause: 'libvirt did not end its job, or does not answer',
  },
  'see-state': { text: 'see virsh domstate --reason {domain}' },
  'see-state-and-resume': { text: 'see virsh domstate --reason {domain}, then virsh resume {domain}' },
  'first-no-copy': { text: 'see that {host} has no copy of it: virsh list --all, on {host}; then {remedy}' },
  'handover-failed-twice': {
    text: 'QEMU failed twice to hand over its disks, and has them back',
    cause: 'a cause that the check does not see',
    remedy: "see migrate-guard check {domain} --deep, and QEMU's log",
  },
  'runs-here': { text: '{domain} runs here' },
  'is-here': { text: '{domain} is here, {state} as before' },
  'ended-here': { text: '{why}; {rest}', short: '{why}; the VM is still here' },
  'ended-without-copy': {
    text: '{why}; {rest}, and {host} has no copy of it',
    short: '{why}; the VM is still here',
  },
  'ended-with-copy': {
    text: '{why}; {rest}; {failure}',
    short: '{why}; the VM is still here',
    cause: 'the destination did not answer, or still has a copy of the VM',
    remedy: 'libvirt on {host} removes what arrived; run again when it answers',
  },
  'arrived-paused': {
    text: 'it was migrated, but is paused on {host} ({state}); it ran before',
    short: 'it is paused on {host}; it ran before the migration',
    cause: 'the mover let it arrive paused, and nothing resumed it for 2 s; the exit status is 0',
  },
  'resume-there': { text: 'virsh resume {domain}, on {host}' },
  'resume-with-disks': { text: 'once all its disks are there, too: virsh resume {domain}, on {host}' },
  'saved-although-failed': {
    text: '{domain} was saved and no longer runs, although the mover failed',
    short: 'the VM was saved and no longer runs, although the mover failed',
    cause: 'a driver script failed after `virsh save` had done its work',
    remedy:
      'on {here}, virsh restore {file} continues it with its memory; a fresh start of the VM loses that',
  },
  'qemu-died': {
    text: 'QEMU died during the move: {domain} runs nowhere',
    short: 'QEMU died during the move: the VM runs nowhere',
    cause: 'QEMU aborted or was killed',
    remedy: 'see {log}, then start the VM again',
  },
  'restore-after-death': { text: 'see {log}, try virsh restore {file}, then start the VM again' },
  'destination-not-known': {
    text: '{domain} no longer runs here, and whether it runs on {host} is not known: {problem}',
    short: 'no longer here; whether on {host} is not known',
    cause: 'the destination does not answer',
    remedy: 'find out with virsh list --all on {host}; never start it twice',
  },
  'complete-but-paused': {
    text: '{domain} no longer runs here; all of it is on {host}, and it is paused there ({state})',
    short: 'paused on {host}: the only copy of the VM',
    cause: 'the mover failed after the VM had arrived, and before its guest was resumed',
    remedy: 'the only copy: never destroy it; {resume}',
  },
  'maybe-incomplete': {
    text: '{domain} no longer runs here, and its copy on {host} may be incomplete ({state})',
    short: 'not here; its copy on {host} may be incomplete',
    cause: 'QEMU ended before libvirt on the destination knew that all had arrived',
    remedy:
      'start it nowhere before virsh domstate --reason {domain} on {host} says that it is gone; at "paused (user)" it is complete, and the only copy: virsh resume {domain}, there',
  },
  'arrived-although-failed': {
    text: 'it runs on {host}, although the mover failed',
    cause: 'the mover failed after the VM had arrived; the exit status is 0',
  },
  'arrived-although': {
    text: 'it runs on {host}, although the mover failed: {words}',
    short: 'it runs on {host}, although the mover failed',
    cause: 'the same; see why the mover failed, and what it left undone',
  },
  'on-both-hosts': {
    text: '{domain} is on {host} ({state}) and may be here, too: {why}',
    short: 'the VM is on {host} and may be here, too',
    cause: 'libvirt lost its migration at the very end: what is here is paused, or is another QEMU of it',
  },
  'qemu-is-here': { text: 'libvirt has a QEMU of it here (process {pid})' },
  'qemu-here-not-known': { text: 'whether a QEMU of it is here is not known: {failure}' },
  'destroy-here': {
    text: 'never resume it here, as it runs on {host}; when it is well there, end what is here: virsh destroy {domain}, on {here}',
  },
  'resume-only-one': {
    text: 'resume only one of the two: virsh resume {domain} on {host}, or here; then virsh destroy {domain} where it is paused',
  },
  'cont-refused': { text: 'QEMU refused cont: {words}' },
} as const satisfies Readonly<Record<string, MessageRow>>;
