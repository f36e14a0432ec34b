import { existsSync, lstatSync } from 'node:fs';
import { GuardError } from '../../core/errors';
import { runCommand, type CommandResult } from '../../os/run-command';

const deadlineMs = 5_000;
const selinux = '/sys/fs/selinux/enforce';

/**
 * Gives a new entry the access control list and the SELinux label of its model on the host, as libvirt does
 * (src/qemu/qemu_namespace.c: virFileCopyACLs, not on links; qemuSecuritySetImageLabel's file context).
 * Both names reach their entries through descriptors of this process; `pinned` is the entry itself, none for a link.
 * @throws GuardError `failed` when a list or label is there but cannot be copied: without it the mode alone
 *   would let in more than the list does.
 */
export async function copyAclAndLabel(model: string, entry: string, pinned?: string): Promise<void> {
  const from = ofThisProcess(model);
  const to = ofThisProcess(entry);
  if (pinned !== undefined) {
    const acl = await accessListOf(model);
    if (acl !== undefined) {
      const argv = ['setfacl', '--set-file=-', '--', ofThisProcess(pinned)] as const;
      const set = await runCommand(argv, { deadline: deadlineMs, input: acl });
      if (set.exit !== 0)
        throw failure('copy the access control list', set, 'see whether /dev there takes such lists');
    }
  }
  if (existsSync(selinux)) {
    // Its own: chcon's --reference would take that of what a link leads to, whatever it does with the other.
    const own = await runCommand(['stat', '--format=%C', '--', from], { deadline: deadlineMs });
    if (own.exit !== 0) throw failure('read the SELinux label', own, 'see ls -Z of it');
    const set = await runCommand(['chcon', '--no-dereference', own.stdout.trim(), '--', to], {
      deadline: deadlineMs,
    });
    if (set.exit !== 0) throw failure('copy the SELinux label', set, 'see ls -Z of both');
  }
}

/** By the very entry, as it was last changed: of all VMs of a host, one after the other, the model is the same. */
const knownLists = new Map<string, string | undefined>();

/** The list of an entry that has more than its mode says; `undefined` of another. @throws GuardError `failed`. */
async function accessListOf(model: string): Promise<string | undefined> {
  // Before it is read: what changes meanwhile is not remembered as what it has become.
  const { dev, ino, ctimeNs } = lstatSync(model, { bigint: true });
  const key = [dev, ino, ctimeNs].join();
  if (knownLists.has(key)) return knownLists.get(key);
  const asked = ['getfacl', '--absolute-names', '--numeric', '--omit-header', '--'] as const;
  const acl = await runCommand([...asked, ofThisProcess(model)], { deadline: deadlineMs });
  if (acl.exit !== 0) throw failure('read the access control list', acl, 'install the package acl');
  const list = /^(user|group):\d+:|^mask:|^default:/m.test(acl.stdout) ? acl.stdout : undefined;
  knownLists.set(key, list);
  return list;
}

/** For commands that we run, `/proc/self` is themselves. */
export function ofThisProcess(anchored: string): string {
  return anchored.replace(/^\/proc\/self\//, `/proc/${process.pid}/`);
}

function failure(what: string, { missing, stderr, argv }: CommandResult, remedy: string): GuardError {
  const why = missing ? `${argv[0] ?? ''} is not installed` : stderr.trim();
  return new GuardError('failed', `could not ${what}: ${why}`, remedy);
}
