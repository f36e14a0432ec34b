import { errorName } from './errors';

/** What helps, whatever was to be done at a path: it follows from the system's own reason (errno(3)). */
const remedies: readonly (readonly [names: readonly string[], remedy: (path: string) => string])[] = [
  [
    ['EACCES', 'EPERM'],
    (path) => `run as root; where root may not either, see namei -l ${path} and lsattr -d ${path}`,
  ],
  [['ENOSPC', 'EDQUOT'], (path) => `make room on its file system: df -h ${path}; df -i ${path}`],
  [['EROFS'], (path) => `its file system is mounted read-only: see findmnt -T ${path}, and dmesg for why`],
  [['EMFILE', 'ENFILE'], () => 'raise the limit of open files (ulimit -n; fs.file-max), and run again'],
  [['ENOMEM', 'EAGAIN', 'EINTR'], () => 'see whether the machine has memory left, then run again'],
  [
    ['EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT'],
    (path) => `see whether its storage answers: findmnt -T ${path}, dmesg`,
  ],
  [['ELOOP'], (path) => `no link may stand there: see ls -ld ${path}`],
];

/** Of one place: what helps where the reason is none of those that are the same everywhere, or means something else here. */
interface OwnRemedies {
  readonly otherwise: string;
  readonly [name: string]: string;
}

/** What to do after a system call has failed. One remedy for all reasons would be wrong for most of them. */
export function remedyOf(error: unknown, path: string, own: OwnRemedies): string {
  const name = errorName(error);
  const { [name]: given, otherwise } = own;
  return given ?? remedies.find(([names]) => names.includes(name))?.[1](path) ?? otherwise;
}

/** Whether more rights would have helped. */
export function codeOf(error: unknown): 'notPermitted' | 'failed' {
  return ['EACCES', 'EPERM'].includes(errorName(error)) ? 'notPermitted' : 'failed';
}
