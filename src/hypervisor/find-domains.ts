import { statSync } from 'node:fs';
import type { Settings } from '../config/settings';
import { GuardError } from '../core/errors';
import type { UnreadableDomain } from '../core/unreadable-domain';
import { domainNames, isUuid } from './model/domain-name';
import type { Domain } from './model/domain-xml';
import { listDomains, readDomain } from './status-files';
import { Virsh } from './virsh';

/** Every running domain, or the ones of these names. */
export type Asked = 'all' | readonly string[];

/**
 * Finds domains by libvirt's own files, which need no libvirtd; where they may not be read (another user than
 * root) or are not there, libvirtd can only tell which domains there are.
 */
export async function* findDomains(
  asked: Asked,
  settings: Settings,
): AsyncGenerator<Domain | UnreadableDomain> {
  const { stateDirectory } = settings.libvirt;
  const running = listDomains(stateDirectory);
  if (!running || !mayRead(stateDirectory, running)) {
    yield* findThroughLibvirtd(asked, settings.libvirt);
    return;
  }
  if (asked === 'all') {
    for (const name of running) {
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

/** Of a domain that does not run here; it may have left. */
export class NotRunning extends GuardError {}

/** One domain that runs. @throws NotRunning when it does not, GuardError when nobody can tell. */
export async function findDomain(word: string, settings: Settings): Promise<Domain> {
  for await (const found of findDomains([word], settings)) {
    if (!('why' in found)) return found;
    throw new (found.notRunning ? NotRunning : GuardError)('undecided', found.why, found.remedy);
  }
  throw new Error('findDomains answers every name');
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
  return unread && { ...unread, name: wanted, why: `nobody can tell whether it runs here: ${unread.why}` };
}

/**
 * Which domains run, by libvirtd; nothing more can be told of them. Which process is a domain's QEMU stands in
 * libvirt's own files alone: a command line is whatever its process says it is.
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

function withoutFiles(name: string, stateDirectory: string): UnreadableDomain {
  const why = `which process is its QEMU cannot be read in ${stateDirectory}`;
  const remedy =
    process.geteuid?.() === 0
      ? 'set libvirt.state_directory in the configuration to where libvirt keeps its status files'
      : 'run as root';
  return { name, why, remedy };
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

/** @throws GuardError for a word that can be no domain's name, before anything is done for the others. */
function refuseNonNames(asked: readonly string[], running: readonly string[]): void {
  for (const wanted of asked) {
    if (isUuid(wanted) || domainNames(wanted).length > 0 || running.includes(wanted)) continue;
    throw new GuardError(
      'usage',
      `${JSON.stringify(wanted)} is no name of a domain`,
      'name it as one-310, 310 or by its UUID',
    );
  }
}

function notRunning(wanted: string): UnreadableDomain {
  return {
    name: wanted,
    notRunning: true,
    why: `no domain ${wanted} runs on this host`,
    remedy: 'see virsh list for the domains of this host',
  };
}
