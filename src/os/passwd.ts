import { readFileSync } from 'node:fs';

/** A user of this machine. OpenNebula's own is a local one (its packages make it). */
interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** `undefined` when passwd(5) has no such user. */
export function findAccount(user: string): Account | undefined {
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${user}:`));
  const [, , uid, gid, , home] = entry?.split(':') ?? [];
  return uid && gid && home ? { uid: Number(uid), gid: Number(gid), home } : undefined;
}
