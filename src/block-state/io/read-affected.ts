import type { Settings } from '../../config/settings';
import type { BlockState, DomainReport } from '../../core/finding';
import type { Domain } from '../../hypervisor/model/domain-xml';
import type { QemuProcess } from '../../hypervisor/process';
import { affectedOf } from '../model/affected';
import { buildIdOf } from './process-memory';
import { versionInLog } from './qemu-log';

/** A host has many QEMUs of few builds. */
const versions = new Map<string, string>();
/** Logs that did not reach back, by the build: a log may have megabytes, and the probe reads those of all VMs. */
const fruitless = new Map<string, Set<string>>();
const maxFruitless = 3;
/** A VM that started since has a whole log. In milliseconds. */
const fruitlessMs = 600_000;
let fruitlessSince = performance.now();

/** The build of a QEMU, and whether a failed hand-over leaves it without its disks. */
export function programOf(
  domain: Domain,
  held: QemuProcess,
  blockState: BlockState,
  settings: Settings,
): Pick<DomainReport, 'affected' | 'build'> {
  const build = buildIdOf(held);
  const reportsActive = domain.reportsActive === true;
  if (typeof build !== 'string')
    return { affected: affectedOf(blockState, { reportsActive, version: undefined }) };
  const version = reportsActive ? undefined : versionOf(build, domain, held, settings);
  return { build, affected: affectedOf(blockState, { reportsActive, version }) };
}

/** The version of this build, by the log of one VM that runs it; `undefined` where the log does not reach back. */
export function versionOf(
  build: string,
  { name }: Domain,
  held: QemuProcess,
  { libvirt }: Settings,
): string | undefined {
  if (performance.now() - fruitlessSince > fruitlessMs) {
    fruitless.clear();
    fruitlessSince = performance.now();
  }
  const known = versions.get(build);
  const tried = fruitless.get(build) ?? new Set();
  if (known !== undefined || tried.size >= maxFruitless) return known;
  const version = versionInLog(libvirt.logDirectory, name, held);
  if (version === undefined) fruitless.set(build, tried.add(name));
  else versions.set(build, version);
  return version;
}
