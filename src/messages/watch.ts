import type { MessageRow } from './message';

/** The watcher of a host (src/watch). */
export const watch = {
  'watch-needs-root': { text: 'a host can only be watched by root', remedy: 'run as root' },
  'watch-runs-already': {
    text: 'another process watches this host already',
    remedy: 'see migrate-guard watch --status',
  },
  'watch-json': {
    text: '--json belongs to --once and --status: the watcher itself writes one line for each thing it does',
    remedy: 'add --once or --status',
  },
  'watch-once-or-status': { text: '--once and --status exclude each other' },
  'watcher-not-running': {
    text: 'no watcher has run on this host since it was started',
    remedy: 'systemctl enable --now migrate-guard-watch',
  },
  'watcher-ended': {
    text: 'the watcher, process {pid}, does not run any more',
    remedy: 'see systemctl status migrate-guard-watch',
    cause: 'it was stopped, or it was killed',
  },
  'watcher-silent': {
    text: 'the watcher, process {pid}, has not written anything for {seconds} s',
    remedy: 'see systemctl status migrate-guard-watch',
    cause: 'it hangs at something, or /run is full',
  },
  'watch-state-not-read': {
    text: '{file}, which the watcher writes, cannot be read: {error}',
    remedy: 'restart the watcher: systemctl restart migrate-guard-watch',
  },
  'watch-state-not-understood': {
    text: '{file} is not what a watcher of this version writes',
    cause: 'the program was replaced, and the watcher was not restarted',
    remedy: 'restart the watcher: systemctl restart migrate-guard-watch',
  },
  'watch-repair-failed': {
    text: 'the repair failed: {error}',
    short: 'the repair failed: {error}',
    remedy: 'run migrate-guard repair with --verbose for this VM',
    cause: 'something that a repair needs is missing or full, such as /run',
  },
  'disks-given-back': {
    text: "disks given back to QEMU by {command}, {milliseconds} ms after the end of libvirt's job",
  },
  'disks-given-back-later': { text: 'disks given back to QEMU by {command}; their state was {state}' },
  'logs-not-watched': {
    text: '{directory} cannot be watched, and is tried again: failed hand-overs are seen within half a minute only',
    cause: 'the directory of QEMU’s logs is missing, or libvirt.log_directory names another',
  },
  'logs-not-watched-now': {
    text: "QEMU's logs are not noticed (libvirt.log_directory); every VM is looked at every half minute",
  },
  'watches-used-up': {
    text: 'a quarter of the directories that the kernel lets one user watch are watched: all others are looked at every few seconds',
    cause: 'the VMs of this host have very many directories on the paths of their disks',
    remedy: 'raise fs.inotify.max_user_watches, and restart the watcher',
  },
  'watch-without-remedy': {
    text: 'the configuration allows neither cont nor memory, and the watcher uses no other remedy',
    short: 'the watcher may use neither cont nor memory',
    remedy: 'migrate-guard reset, or add cont to reset.strategies',
  },
  'watch-not-looked-at': {
    text: 'not looked at yet: it is just arriving, or another migrate-guard works on it',
  },
  'watch-step-failed': { text: 'something could not be looked at, and is tried again: {error}' },
} as const satisfies Readonly<Record<string, MessageRow>>;
