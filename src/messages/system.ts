import type { MessageRow } from './message';

/** Files, programs and other hosts; remedies that many messages share (src/core, src/os). */
export const system = {
  'run-again': { text: 'run again' },
  'remedy-more-rights': {
    text: 'run as root; where root may not either, see namei -l {path} and lsattr -d {path}',
    cause: 'EACCES, EPERM',
  },
  'remedy-make-room': {
    text: 'make room on its file system: df -h {path}; df -i {path}',
    cause: 'ENOSPC, EDQUOT',
  },
  'remedy-read-only': {
    text: 'its file system is mounted read-only: see findmnt -T {path}, and dmesg for why',
    cause: 'EROFS',
  },
  'remedy-descriptors': {
    text: 'raise the limit of open files (ulimit -n; fs.file-max), and run again',
    cause: 'EMFILE, ENFILE',
  },
  'remedy-memory': {
    text: 'see whether the machine has memory left, then run again',
    cause: 'ENOMEM, EAGAIN, EINTR',
  },
  'remedy-storage': {
    text: 'see whether its storage answers: findmnt -T {path}, dmesg',
    cause: 'EIO, ESTALE, ENOTCONN, EHOSTDOWN, ETIMEDOUT',
  },
  'remedy-no-link': { text: 'no link is allowed there: see ls -ld {path}', cause: 'ELOOP' },

  'directory-shared': {
    text: '{directory} can be written by others than root',
    short: 'a directory can be written by others than root',
    cause: 'a directory of records was opened to others: `chown root: …; chmod 750 …`',
    remedy: 'change its owner and mode',
  },
  'path-shared': {
    text: '{path} can be changed by others than root, and root would write {file}',
    short: 'a directory can be changed by others than root',
    remedy: 'chown root: {path}; chmod go-w {path}',
  },
  'file-not-read': { text: '{file} cannot be read: {error}' },
  'file-not-written': {
    text: '{file} cannot be written: {error}',
    short: 'a file cannot be written: {error}',
    remedy: 'name another file',
  },
  'name-writable-directory': { text: 'name a file in a directory that you may write to' },
  'no-descriptors': {
    text: '{program} cannot be started: this process may hold no more descriptors',
    short: 'this process may hold no more descriptors',
    cause: 'the limit of open files is reached',
    remedy: 'raise the limit (ulimit -n), and run again',
  },
  'not-a-host-name': {
    text: '{host} is not a valid host name',
    cause: 'letters, digits, dots, dashes; or an IP address',
    remedy: 'give a name such as kvm2',
  },
  'program-ended': { text: 'it ended' },
  'ended-with-status': { text: 'it ended with {status}' },
  'no-answer-within': { text: 'no answer within {seconds} s' },
  'answer-too-long': { text: 'its answer is longer than any answer can be' },
} as const satisfies Readonly<Record<string, MessageRow>>;
