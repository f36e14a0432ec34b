import { statSync } from 'node:fs';
import type { Settings } from '../config/settings';
import { GuardError, messageOf } from '../core/errors';
import { unreadable, type UnreadableDomain } from '../core/unreadable-domain';
import { message, textOf } from '../messages';
import { domainNames, isUuid } from './model/domain-name';
import type { Domain } from './model/domain-xml';
import { listDomains } from './list-domains';
import { NotRunning } from './not-running';
import { readDomain } from './status-files';
import { Virsh } from './virsh';

/** Every running domain, or the ones of these names. */
export type Asked = 'all' | readonly string[];

/**
 * Finds domains by libvirt's own files, which need no libvirtd; where these are missing or may not be read (by another
 * user than root), libvirtd can only list the names of the domains. Of `all`, only those that are wanted are read.
 */
export async function* findDomains(
  asked: Asked,
  settings: Settings,
  isWanted: (name: string) => boolean = () => true,
): AsyncGenerator<Domain | UnreadableDomain> {
  const { stateDirectory } = settings.libvirt;
  const running = listDomains(stateDirectory);
  if (!running || !mayRead(stateDirectory, running)) {
    for await (const found of findThroughLibvirtd(asked, settings.libvirt))
      if (isWanted(found.name)) yield found;
    return;
  }
  if (asked === 'all') {
    for (const name of running.filter(isWanted)) {
      const found = readDomain(stateDirectory, name);
      if (found) yield found;
    }
    return;
  }
  refuseNonNames(asked, running);
  for (const wanted of asked) {
    yield (
      (isUuid(wanted) ? byUuid(wanted, stateDirectory, running) : byName(wanted, stateDirectory, running)) ??
      notRunning(wanted)
    );
  }
}

/** One running domain. @throws NotRunning when it does not run here, GuardError when that is unknown. */
export async function findDomain(word: string, settings: Settings): Promise<Domain> {
  for await (const found of findDomains([word], settings)) {
    if (!('why' in found)) return found;
    const reason = messageOf({ ...found, what: found.why });
    throw new (found.notRunning ? NotRunning : GuardError)('undecided', reason);
  }
  throw new Error('findDomains yields something for every name');
}

function byName(
  wanted: string,
  stateDirectory: string,
  running: readonly string[],
): Domain | UnreadableDomain | undefined {
  const name = running.includes(wanted)
    ? wanted
    : domainNames(wanted).find((candidate) => running.includes(candidate));
  return name === undefined ? undefined : readDomain(stateDirectory, name);
}

function byUuid(
  wanted: string,
  stateDirectory: string,
  running: readonly string[],
): Domain | UnreadableDomain | undefined {
  let unread: UnreadableDomain | undefined;
  for (const name of running) {
    const found = readDomain(stateDirectory, name);
    if (!found) continue;
    if ('why' in found) unread ??= found;
    else if (found.uuid === wanted.toLowerCase()) return found;
  }
  if (!unread) return undefined;
  const { what: why, ...rest } = message('not-known-whether-running', { domain: wanted, why: unread.why });
  return { ...unread, name: wanted, why, ...rest };
}

/**
 * The running domains, as libvirtd lists them; nothing more can be known of them. Only libvirt's own files show which
 * process is a domain's QEMU: a process can change its own command line.
 */
async function* findThroughLibvirtd(
  asked: Asked,
  { stateDirectory, deadline }: Settings['libvirt'],
): AsyncGenerator<UnreadableDomain> {
  if (asked !== 'all') refuseNonNames(asked, []);
  const running = await new Virsh(deadline * 1000).listDomains();
  const names = new Map([...running].map(([name, uuid]) => [uuid, name]));
  for (const wanted of asked === 'all' ? running.keys() : asked) {
    const name = isUuid(wanted)
      ? names.get(wanted.toLowerCase())
      : [wanted, ...domainNames(wanted)].find((known) => running.has(known));
    yield name === undefined ? notRunning(wanted) : withoutFiles(name, stateDirectory);
  }
}

function withoutFiles(name: string, directory: string): UnreadableDomain {
  const reason = message('qemu-unknown', { domain: name, directory });
  return unreadable(
    { name },
    process.geteuid?.() === 0 ? { ...reason, remedy: textOf('set-state-directory') } : reason,
  );
}

function mayRead(stateDirectory: string, running: readonly string[]): boolean {
  const first = running[0];
  if (first === undefined || process.geteuid?.() === 0) return true;
  try {
    const { mode, uid } = statSync(`${stateDirectory}/${first}.xml`);
    return uid === process.geteuid?.() || (mode & 0o004) !== 0;
  } catch {
    return false;
  }
}

/** @throws GuardError for a word that cannot name a domain, before anything is done for the others. */
function refuseNonNames(asked: readonly string[], running: readonly string[]): void {
  for (const wanted of asked) {
    if (isUuid(wanted) || domainNames(wanted).length > 0 || running.includes(wanted)) continue;
    throw new GuardError('usage', message('not-a-domain-name', { word: JSON.stringify(wanted) }));
  }
}

function notRunning(wanted: string): UnreadableDomain {
  return { ...unreadable({ name: wanted }, message('not-running', { domain: wanted })), notRunning: true };
}
