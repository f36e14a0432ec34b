import { textOf, type MessageId } from '../messages';
import { errorName } from './error-name';

/** What helps after an error at a path, by the name of the system's error (errno(3)), whatever was to be done there. */
const remedies = {
  EACCES: 'remedy-more-rights',
  EPERM: 'remedy-more-rights',
  ENOSPC: 'remedy-make-room',
  EDQUOT: 'remedy-make-room',
  EROFS: 'remedy-read-only',
  EMFILE: 'remedy-descriptors',
  ENFILE: 'remedy-descriptors',
  ENOMEM: 'remedy-memory',
  EAGAIN: 'remedy-memory',
  EINTR: 'remedy-memory',
  EIO: 'remedy-storage',
  ESTALE: 'remedy-storage',
  ENOTCONN: 'remedy-storage',
  EHOSTDOWN: 'remedy-storage',
  ETIMEDOUT: 'remedy-storage',
  ELOOP: 'remedy-no-link',
} as const satisfies Readonly<Record<string, MessageId>>;

/** Remedies of one caller: for errors that mean something else there, and for errors without a general remedy. */
interface OwnRemedies {
  readonly otherwise: string;
  readonly [name: string]: string;
}

/** What to do after a system call has failed. */
export function remedyOf(error: unknown, path: string, own: OwnRemedies): string {
  const name = errorName(error);
  const { [name]: given, otherwise } = own;
  if (given !== undefined) return given;
  return Object.hasOwn(remedies, name)
    ? textOf(remedies[name as keyof typeof remedies], { path })
    : otherwise;
}

/** `notPermitted` if more rights would have helped. */
export function codeOf(error: unknown): 'notPermitted' | 'failed' {
  return ['EACCES', 'EPERM'].includes(errorName(error)) ? 'notPermitted' : 'failed';
}
