import type { DiskSource } from '../core/domain';
import { deviceNumbers } from '../core/entry';
import type { Opened, Unknown } from '../core/facts';
import type { Credentials } from '../core/process-status';
import { Conversation } from './conversation';
import type { QemuProcess } from './qemu-process';

const deadline = 10_000;

/**
 * Runs inside QEMU's mount namespace, becomes QEMU's user, and opens each path as QEMU's block/file-posix.c
 * does to hand a disk over: O_RDONLY, and O_DIRECT where the disk has it. Prints one JSON line a path, so that
 * what was opened before a hang is known. Without execa, which takes longer to load than all else around here.
 */
const opener = `
const fs = require('node:fs');
const { uid, gid, groups, files } = JSON.parse(process.argv[1]);
process.setgroups(groups); process.setgid(gid); process.setuid(uid);
for (const { path, direct } of files) {
  let answer;
  try {
    const flags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY | (direct ? fs.constants.O_DIRECT : 0);
    const descriptor = fs.openSync(path, flags);
    const stat = fs.fstatSync(descriptor);
    // All 64 bits, which Ceph and NFS use.
    const ino = String(fs.fstatSync(descriptor, { bigint: true }).ino);
    const block = (stat.mode & fs.constants.S_IFMT) === fs.constants.S_IFBLK;
    answer = { kind: block ? 'block' : 'file', dev: block ? stat.rdev : stat.dev, ino, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  } catch (error) {
    answer = { error: error.code };
  }
  fs.writeSync(1, JSON.stringify(answer) + '\\n');
}
`;

interface Answer {
  readonly error?: string;
  readonly kind: 'block' | 'file';
  readonly dev: number;
  readonly ino: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Opens every source by its path inside the namespace, in a child that is killed when a dead device makes it
 * hang. The answers stand in the order of the sources.
 */
export async function openInside(
  qemu: QemuProcess,
  credentials: Credentials,
  sources: readonly DiskSource[],
): Promise<readonly (Opened | Unknown)[]> {
  const { uid, gid, groups } = credentials;
  const files = sources.map(({ path, direct }) => ({ path, direct }));
  // nsenter, because the kernel lets no process with more than one thread change its mount namespace (setns(2));
  // setpriv, because a uid 0 without capabilities is what libvirt gives to a QEMU that runs as root.
  const withoutCapabilities =
    uid === 0 && !credentials.overridesAccess
      ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--']
      : [];
  const child = new Conversation(
    [
      'nsenter',
      `--mount=${qemu.namespaceFile}`,
      '--',
      ...withoutCapabilities,
      process.execPath,
      '-e',
      opener,
      JSON.stringify({ uid, gid, groups, files }),
    ],
    // Whatever the admin's shell sets: it speaks with nobody, and certificates take Node 50 ms to read.
    { LC_ALL: 'C', NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: '' },
  );
  let lines: readonly string[] = [];
  const read = (output: string): true | undefined => {
    lines = output.split('\n').slice(0, -1);
    return lines.length >= sources.length ? true : undefined;
  };
  const answered = await child.ask('', read, deadline);
  child.end();
  return sources.map(({ path }, index) => {
    const line = lines[index];
    if (line !== undefined) return toOpened(path, JSON.parse(line) as Answer);
    const why = answered === true ? 'no answer' : answered.unknown;
    return { unknown: `${path} could not be opened inside the namespace: ${why}` };
  });
}

function toOpened(path: string, answer: Answer): Opened {
  if (answer.error !== undefined) return { kind: 'refused', path, error: answer.error };
  const { kind, mode, uid, gid } = answer;
  const device = deviceNumbers(answer.dev);
  const entry =
    kind === 'block' ? { kind, device, mode, uid, gid } : { kind, device, inode: answer.ino, mode, uid, gid };
  return { kind: 'opened', entry };
}
