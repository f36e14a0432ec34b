import type { MessageRow } from './message';

/** Why a path leads to no disk (src/file-tree). */
export const fileTree = {
  'empty-path': { text: 'the empty path is missing', short: 'its path is empty' },
  'element-missing': {
    text: '{path} is missing',
    short: 'its path is missing',
    cause: 'the link dangles, or the volume is not attached',
  },
  'element-not-directory': {
    text: '{path} is not a directory',
    short: 'its path goes through a file',
    cause: 'there is a file in the middle of the path',
  },
  'link-loop': {
    text: '{path} is one link more than the kernel follows (40), probably a loop',
    short: 'its path is probably a loop of links',
    cause: 'links that lead in a circle; re-point one of them',
  },
  'hop-of-loop': { text: '{path}: more links than the kernel follows' },
  'path-too-long': {
    text: '{path} is longer than the kernel allows',
    short: 'its path is longer than the kernel allows',
    cause: 'a name over 255 or a path over 4095 bytes',
  },
  'element-unreadable': {
    text: '{path} cannot be read ({error})',
    short: 'its path cannot be read ({error})',
    cause: 'not root, `root_squash`, or the file system does not answer',
  },
  'not-a-disk': {
    text: '{path} is {kind}',
    short: 'its path leads to no disk ({kind})',
    cause: 'something else is where the disk should be; repair replaces nothing but links',
  },
  'kind-block': { text: 'block device {device}' },
  'kind-character': { text: 'character device {device}' },
  'kind-file': { text: 'a regular file' },
  'kind-directory': { text: 'a directory' },
  'kind-link': { text: 'a link' },
  'kind-missing': { text: 'missing' },
  'kind-unreadable': { text: 'unreadable ({error})' },
  'kind-other': { text: 'neither a device nor a regular file' },
  'no-answer': { text: 'no answer' },

  'not-a-link-name': { text: '{link} is not the name of a link' },
  'failure-on-host': { text: '{failure} on the host' },
  'path-storage-hangs': {
    text: '{path} does not answer',
    cause: 'its storage does not answer; a later run does not ask it again as long as this look hangs',
  },
  'mount-hangs': {
    text: 'the storage at {path} does not answer',
    cause: 'its storage does not answer; a later run does not ask it again as long as this look hangs',
  },
  'path-reader-not-started': {
    text: 'the process that looks at paths cannot be started: {error}',
    cause: 'the machine lacks memory, processes or descriptors',
  },
  'path-reader-disturbed': {
    text: 'the process that looks at paths gave an answer that cannot be used',
    cause: 'something with the user id of QEMU disturbed it',
  },
  'path-reader-ended': { text: 'the process that looks at paths ended' },
} as const satisfies Readonly<Record<string, MessageRow>>;
