import { existsSync, lstatSync } from 'node:fs';
import { GuardError } from '../../core/errors';
import { message, textOf } from '../../messages';
import { runCommand, type CommandResult } from '../../os/run-command';

const deadlineMs = 5_000;
const selinux = '/sys/fs/selinux/enforce';

/**
 * Gives a new entry the access control list and the SELinux label of its model on the host, as libvirt does
 * (src/qemu/qemu_namespace.c: virFileCopyACLs, not on links; qemuSecuritySetImageLabel's file context).
 * Both names reach their entries through descriptors of this process; `pinned` is the entry itself, missing for a link.
 * @throws GuardError `failed` when there is a list or label that cannot be copied: the mode alone would allow more than
 *   the list does.
 */
export async function copyAclAndLabel(model: string, entry: string, pinned?: string): Promise<void> {
  const from = ofThisProcess(model);
  const to = ofThisProcess(entry);
  if (pinned !== undefined) {
    const acl = await accessListOf(model);
    if (acl !== undefined) {
      const argv = ['setfacl', '--set-file=-', '--', ofThisProcess(pinned)] as const;
      const set = await runCommand(argv, { deadline: deadlineMs, input: acl });
      if (set.exit !== 0) throw failure('acl-not-copied', set);
    }
  }
  if (existsSync(selinux)) {
    // The label of the link itself: `chcon --reference` reads that of the link's target.
    const own = await runCommand(['stat', '--format=%C', '--', from], { deadline: deadlineMs });
    if (own.exit !== 0) throw failure('label-not-read', own);
    const set = await runCommand(['chcon', '--no-dereference', own.stdout.trim(), '--', to], {
      deadline: deadlineMs,
    });
    if (set.exit !== 0) throw failure('label-not-copied', set);
  }
}

/** By inode and time of its last change: the VMs of a host often share one model. */
const knownLists = new Map<string, string | undefined>();
/** The watcher runs for months. */
const mostKnown = 10_000;

/** The list of an entry, if it has more than what the mode shows. @throws GuardError `failed`. */
async function accessListOf(model: string): Promise<string | undefined> {
  // Before the list is read: a change in between must not be stored under the new time.
  const { dev, ino, ctimeNs } = lstatSync(model, { bigint: true });
  const key = [dev, ino, ctimeNs].join();
  if (knownLists.has(key)) return knownLists.get(key);
  const asked = ['getfacl', '--absolute-names', '--numeric', '--omit-header', '--'] as const;
  const acl = await runCommand([...asked, ofThisProcess(model)], { deadline: deadlineMs });
  if (acl.exit !== 0) throw failure('acl-not-read', acl);
  const list = /^(user|group):\d+:|^mask:|^default:/m.test(acl.stdout) ? acl.stdout : undefined;
  if (knownLists.size >= mostKnown) knownLists.clear();
  knownLists.set(key, list);
  return list;
}

/** For a command that this process runs, `/proc/self` would be the command itself. */
export function ofThisProcess(fdPath: string): string {
  return fdPath.replace(/^\/proc\/self\//, `/proc/${process.pid}/`);
}

function failure(
  id: 'acl-not-read' | 'acl-not-copied' | 'label-not-read' | 'label-not-copied',
  { missing, stderr, argv: [program = ''] }: CommandResult,
): GuardError {
  const error = missing ? textOf('program-missing', { program }) : stderr.trim();
  return new GuardError('failed', message(id, { error }));
}
