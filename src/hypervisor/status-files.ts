import { existsSync, fstatSync, readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { remedyOf } from '../core/remedy-of';
import { unreadable, type UnreadableDomain } from '../core/unreadable-domain';
import { message, textOf } from '../messages';
import { plainly, withFile } from '../os/open-file';
import { readXml } from '../os/read-xml';
import { isDeployed } from './model/domain-name';
import { domainOf, type Domain } from './model/domain-xml';

/** libvirt's definitions, one file each (src/qemu/qemu_conf.c, virQEMUDriverConfigNew). */
const definitions = '/etc/libvirt/qemu';

/** A domain as libvirt's run-time files describe it, or why they cannot be used. */
type FoundDomain = Domain | UnreadableDomain;

/** `undefined` when no domain of that name runs. */
export function readDomain(stateDirectory: string, name: string): FoundDomain | undefined {
  const file = `${stateDirectory}/${name}.xml`;
  let text: string;
  try {
    text = readOwn(file);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    const reason = message('status-file-not-read', { file, error: errorName(error) });
    const remedy = remedyOf(error, file, { otherwise: reason.remedy });
    return unreadable({ name }, { ...reason, remedy });
  }
  try {
    // Copied, because V8 keeps the whole text in memory as long as any part of it is referenced.
    const domain = structuredClone(domainOf(readXml(text)));
    if (domain.name !== name) throw new Error(textOf('status-of-other-domain', { name: domain.name }));
    const isPersistent = isDeployed(name) && existsSync(`${definitions}/${name}.xml`);
    return { ...domain, ...pidOf(stateDirectory, domain), ...(isPersistent ? { isPersistent } : {}) };
  } catch (error) {
    const values = { file, error: errorName(error), domain: name };
    return unreadable({ name }, message('status-file-invalid', values));
  }
}

/**
 * Reads a file that only root, or the user of this process, can have written: it names the process that root acts on.
 * @throws the system's error, or one that names the owner.
 */
function readOwn(file: string): string {
  return withFile(file, plainly, (descriptor) => {
    const { uid, mode } = fstatSync(descriptor);
    if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & 0o022) !== 0)
      throw new Error(textOf('status-file-shared', { uid, mode: (mode & 0o7777).toString(8) }));
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
