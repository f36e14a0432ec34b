import type { Domain } from '../hypervisor/model/domain-xml';
import { message, textOf } from '../messages';
import { errorName } from '../core/error-name';
import { failureOf, GuardError, isFailure, type Failure } from '../core/errors';
import type { FoundLink } from '../file-tree/model/found-link';
import { refuseTarget, type LinkChange } from './model/link-map';
import type { Settings } from '../config/settings';
import { HeldDomains } from '../hypervisor/hold-domain';
import { isLinkTo, replaceLink } from './io/replace-link';
import { askingAbout } from '../disk-paths/ask-qemu';
import { VirshSession } from '../hypervisor/virsh-session';
import { HostPaths } from '../disk-paths/io/host-paths';
import { Journal, readJournal } from './io/journal';
import { log } from '../os/log';
import { LinkUserIndex } from './link-users';
import { uncertaintyAfter, prepareDomainForLink, type AskingFor, type TargetLink } from './prepare-domain';

/**
 * `left`: it was not certain that it does no harm, and the link is as it was. `unchanged`: it already has the target.
 */
type RelinkResult = 'moved' | 'would-move' | 'unchanged' | 'left';

export interface LinkReport {
  readonly link: string;
  readonly from: string | null;
  readonly to: string;
  readonly result: RelinkResult;
  /** The running domains whose disks lie behind the link. */
  readonly domains: readonly string[];
  /** Why a link was left. */
  readonly why?: string;
  readonly remedy?: string;
}

interface RelinkOptions {
  readonly settings: Settings;
  readonly dryRun: boolean;
  /** Called with the number of checked domains, before the first link is changed. */
  readonly surveyed?: (done: number, all: number) => void;
}

interface Relink {
  /** The journal of this run; missing in a dry run. */
  readonly journal?: string;
  readonly links: AsyncGenerator<LinkReport>;
}

/**
 * Re-points links without breaking a running VM. For each link in turn: the new target has to be the same disk as the
 * old; the new path is made and proved in the namespace of every domain behind it; only then is the link replaced,
 * and every domain checked again. If anything is uncertain the link stays, or gets back, its old target.
 * @throws GuardError when nothing was started
 */
export async function relink(changes: readonly ExpectedChange[], options: RelinkOptions): Promise<Relink> {
  const { settings, dryRun, surveyed } = options;
  if (process.geteuid?.() !== 0) throw new GuardError('notPermitted', message('relink-needs-root'));
  const host = new HostPaths();
  const virsh = new VirshSession(settings.libvirt.deadline * 1000);
  const asking: AskingFor = (domain) => askingAbout(domain, settings, virsh);
  try {
    const survey = new LinkUserIndex(settings.libvirt.stateDirectory, host);
    await survey.refresh(surveyed);
    const journal = dryRun ? undefined : Journal.create(settings.relink.journalDirectory);
    const links = moveAll(changes, { host, survey, journal, virsh, asking });
    return journal ? { journal: journal.file, links } : { links };
  } catch (error) {
    host.end();
    throw error;
  }
}

/** A change that is made only while the link still has the expected target. */
export interface ExpectedChange extends LinkChange {
  readonly expected?: string;
}

interface Reason {
  readonly what: string;
  readonly remedy: string;
}

/** The changes that undo a journal, the newest first. Links that have another target by now are left. */
export function changesToUndo(file: string): ExpectedChange[] {
  const open: { link: string; from: string; to: string }[] = [];
  for (const { link, from, to, state } of readJournal(file)) {
    if (state === 'begin') open.push({ link, from, to });
    // Links are re-pointed one at a time, so it is always the last one.
    else if (state === 'taken-back') open.pop();
  }
  return open.reverse().map(({ link, from, to }) => ({ link, target: from, expected: to }));
}

/** What all links of one run share. `journal`: missing in a dry run. */
interface RelinkRun {
  readonly host: HostPaths;
  readonly survey: LinkUserIndex;
  readonly journal: Journal | undefined;
  /** The session by which QEMUs are asked. */
  readonly virsh: VirshSession;
  readonly asking: AskingFor;
}

async function* moveAll(changes: readonly ExpectedChange[], session: RelinkRun): AsyncGenerator<LinkReport> {
  try {
    for (const change of changes) {
      const report = await move(change, session);
      log('link', { ...report });
      yield report;
    }
  } finally {
    session.host.end();
    session.virsh.end();
    session.journal?.close();
  }
}

async function move(change: ExpectedChange, session: RelinkRun): Promise<LinkReport> {
  const { host, survey, journal } = session;
  const unseen = failureOf('undecided', message('link-not-looked-at', { link: change.link }));
  const [found = unseen] = await host.findLinks([change.link]);
  const from = isFailure(found) ? null : found.entry.target;
  const base = { link: change.link, from, to: change.target, domains: [] as string[] };
  const left = (reason: Reason): LinkReport => {
    return { ...base, result: 'left', why: reason.what, remedy: reason.remedy };
  };
  if (isFailure(found)) return left(message('no-link-of-disks', { failure: found.what }));
  if (from === change.target) return { ...base, result: 'unchanged' };
  if (change.expected !== undefined && from !== change.expected)
    return left(message('link-moved-since', { from: from ?? '', expected: change.expected }));
  const [before] = await host.resolve([found.path]);
  const [after] = await host.resolve([found.path], new Map([[found.path, change.target]]));
  const refusal = before && after ? refuseTarget(before, after) : textOf('target-not-looked-at');
  if (refusal !== undefined) return left(message('target-refused', { why: refusal }));

  await survey.refresh();
  const users = survey.usersOf(found);
  base.domains = users.domains.map(({ name }) => name);
  const [uncertain] = users.uncertain;
  if (uncertain) {
    const unknownUse = message('use-unknown', { domain: uncertain.name, why: uncertain.why });
    return left({ ...unknownUse, remedy: uncertain.remedy });
  }
  const link = { path: found.path, target: change.target };
  const sound = await prepareDomains(users.domains, link, session);
  if (isFailure(sound)) return left({ what: sound.what, remedy: sound.remedy ?? textOf('check-all') });
  if (!journal) return { ...base, result: 'would-move' };

  const entry = { link: found.path, from: found.entry.target, to: change.target };
  journal.write({ ...entry, state: 'begin' });
  try {
    await replaceLink(found.path, found.entry, change.target);
  } catch (error) {
    // A link that cannot be written does not stop the others.
    if (!(error instanceof GuardError)) throw error;
    if (isLinkTo(found.path, entry.from)) journal.write({ ...entry, state: 'taken-back' });
    return left({ what: error.what, remedy: error.remedy ?? textOf('look-at-directory') });
  }
  // Before the journal, whose disk may be full: the VMs come first.
  const reason = await uncertaintyOfAny(found, sound, session);
  if (reason === undefined) {
    journal.write({ ...entry, state: 'done' });
    return { ...base, result: 'moved' };
  }
  await takeBack(found, change.target, reason);
  journal.write({ ...entry, state: 'taken-back' });
  return left(message('moved-and-taken-back', { reason }));
}

/** Makes the path in every domain, until one is uncertain. */
async function prepareDomains(
  domains: readonly Domain[],
  target: TargetLink,
  { journal, asking }: RelinkRun,
): Promise<Sound | Failure> {
  const dryRun = journal === undefined;
  const sound: Sound = new Map();
  const group = new HeldDomains(domains);
  try {
    for (const domain of domains) {
      const resolved = await prepareDomainForLink(domain, target, dryRun, group, asking);
      if (isFailure(resolved))
        return { ...resolved, remedy: textOf('check-domain', { domain: domain.name }) };
      sound.set(domain.name, resolved.sound);
    }
    return sound;
  } finally {
    group.close();
  }
}

/** @throws GuardError `person` when the link keeps its new target although a VM has a problem since */
async function takeBack({ path, entry }: FoundLink, target: string, reason: string): Promise<void> {
  try {
    await replaceLink(path, { ...entry, target }, entry.target);
  } catch (error) {
    const why = error instanceof GuardError ? error.what : errorName(error);
    const stayed = message('not-taken-back', { path, target, reason, why, before: entry.target });
    throw new GuardError('person', stayed, undefined, { cause: error });
  }
}

/** The paths of the disks that were sound before the link was re-pointed, for each domain behind it. */
type Sound = Map<string, ReadonlySet<string>>;

/** Checks again all domains that use the link now, including those that started meanwhile. */
async function uncertaintyOfAny(
  link: FoundLink,
  sound: Sound,
  { survey, asking }: RelinkRun,
): Promise<string | undefined> {
  for (const name of sound.keys()) survey.forget(name);
  await survey.refresh();
  for (const domain of survey.usersOf(link).domains) {
    const soundBefore = sound.get(domain.name) ?? new Set();
    const reason = await uncertaintyAfter(domain, link.path, soundBefore, asking);
    if (reason !== undefined) return textOf('of-domain', { domain: domain.name, reason });
  }
  return undefined;
}
