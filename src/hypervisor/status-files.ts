import { fstatSync, readdirSync, readFileSync } from 'node:fs';
import { errorName, GuardError } from '../core/errors';
import { remedyOf } from '../core/remedy-of';
import type { UnreadableDomain } from '../core/unreadable-domain';
import { plainly, withFile } from '../os/open-file';
import { readXml } from '../os/read-xml';
import { domainOf, type Domain } from './model/domain-xml';

/** A domain as libvirt's run-time files tell it, or why the file of that name tells none. */
export type FoundDomain = Domain | UnreadableDomain;

/** `undefined` when no domain of that name runs. */
export function readDomain(stateDirectory: string, name: string): FoundDomain | undefined {
  const file = `${stateDirectory}/${name}.xml`;
  let text: string;
  try {
    text = readOwn(file);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    return {
      name,
      why: `${file} cannot be read: ${errorName(error)}`,
      remedy: remedyOf(error, file, { otherwise: `look at that file: ls -ld ${file}` }),
    };
  }
  try {
    // Copied, because V8 keeps the whole text for each part of it that is kept.
    const domain = structuredClone(domainOf(readXml(text)));
    if (domain.name !== name) throw new Error(`it describes a domain named ${domain.name}`);
    return { ...domain, ...pidOf(stateDirectory, domain) };
  } catch (error) {
    return {
      name,
      why: `${file} is no status XML of libvirt: ${errorName(error)}`,
      remedy: `compare it with virsh dumpxml ${name}`,
    };
  }
}

/**
 * Reads a file that only root, or we ourselves, can have written: what it says decides to which process root turns.
 * @throws the system's error, or one that names the owner.
 */
function readOwn(file: string): string {
  return withFile(file, plainly, (descriptor) => {
    const { uid, mode } = fstatSync(descriptor);
    if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & 0o022) !== 0)
      throw new Error(`it is not root's alone (owner ${uid}, mode ${(mode & 0o7777).toString(8)})`);
    return readFileSync(descriptor, 'utf8');
  });
}

/** libvirt writes the pid into its status XML and into a pid file; where they differ the XML is newer. */
function pidOf(stateDirectory: string, domain: Domain): { pid?: number } {
  if (domain.pid !== undefined) return { pid: domain.pid };
  try {
    const pid = Number(readOwn(`${stateDirectory}/${domain.name}.pid`).trim());
    return Number.isSafeInteger(pid) && pid > 0 ? { pid } : {};
  } catch {
    return {};
  }
}

/**
 * The names of the domains that libvirt runs. `undefined` when the directory may not be read, or is not there.
 * @throws GuardError when it cannot be read for another reason.
 */
export function listDomains(stateDirectory: string): string[] | undefined {
  try {
    return (
      readdirSync(stateDirectory)
        .filter((file) => file.endsWith('.xml'))
        .map((file) => file.slice(0, -'.xml'.length))
        // Shorter first, so that one-9 stands before one-10; a collator would cost milliseconds to load.
        .sort((one, other) => one.length - other.length || (one < other ? -1 : 1))
    );
  } catch (error) {
    const name = errorName(error);
    if (name === 'EACCES' || name === 'EPERM' || name === 'ENOENT') return undefined;
    const remedy = remedyOf(error, stateDirectory, { otherwise: 'look at that directory' });
    throw new GuardError('undecided', `${stateDirectory} cannot be read: ${name}`, remedy, { cause: error });
  }
}
