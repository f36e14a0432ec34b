import { readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { exitCodes } from '../core/exit-codes';
import type { Finding } from '../core/finding';
import type { AgentResult } from '../agent-protocol/model/messages';
import { message, textOf } from '../messages';
import { qemuNamespaces } from './model/qemu-conf';
import { remedyOf } from '../core/remedy-of';
import type { Settings } from '../config/settings';
import { isUnknown, type Unknown } from '../core/unknown';
import { runCommand } from '../os/run-command';
import { holdQemu } from '../hypervisor/hold-qemu';
import { layoutFile, loadLayout } from '../block-state/io/layout-store';
import { buildIdOf } from '../block-state/io/process-memory';
import type { QemuProcess } from '../hypervisor/process';
import { sha256 } from '../os/sha256';
import { findDomains } from '../hypervisor/find-domains';
import { judgeFallback } from './check-fallback';
import { findingOf } from './finding-of';
import { judgeFiles, readInstallation } from './check-files';
import { listPrograms } from './check-programs';
import { judgePathReading } from './check-path-reading';
import { judgeWatcher } from './check-watcher';

/** What the front-end's doctor gets from the agent on a host. */
export interface HostState {
  readonly findings: readonly Finding[];
  /** The SHA-256 of the agent: the front-end and its hosts must have the same build. */
  readonly program: string | null;
}

export const program = '/usr/lib/migrate-guard/migrate-guard';

export async function hostState(settings: Settings): Promise<AgentResult> {
  const installation = readInstallation('');
  const findings = [
    ...judgeFiles('', installation),
    await judgeFallback('', 'look'),
    ...(await judgeHost(settings)),
  ];
  const troubles = findings.filter(({ state }) => state !== 'ok').length;
  const report: HostState = { findings, program: programSum() };
  return { exit: exitCodes.ok.status, result: 'state', what: textOf('host-state', { troubles }), report };
}

/** Whether this machine meets the requirements of a KVM host. */
export async function judgeHost(settings: Settings): Promise<Finding[]> {
  const strategies: readonly string[] = settings.reset.strategies;
  const readsMemory = strategies.includes('memory') || strategies.includes('gdb');
  return [
    { check: 'node', state: 'ok', ...message('node', { version: process.version, path: process.execPath }) },
    await judgePathReading(),
    ...(await listPrograms(settings)),
    judgeNamespaces(),
    await judgeWatcher(),
    ...(strategies.includes('gdb') ? [await judgeGdb()] : []),
    ...(readsMemory ? await judgeLayouts(settings) : []),
  ];
}

/** `null` where it cannot be read. */
export function programSum(): string | null {
  try {
    return sha256(readFileSync('/usr/lib/migrate-guard/agent.cjs'));
  } catch {
    return null;
  }
}

/** Only `layout` and the remedy gdb need it, so a missing gdb is a note and not a problem. */
async function judgeGdb(): Promise<Finding> {
  const found = findingOf('gdb');
  const { exit, stdout, missing } = await runCommand(['gdb', '-nx', '--version'], {
    deadline: 10_000,
    cwd: '/',
    // gdb's Python would write compiled files next to its modules.
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (exit === 0) return found('ok', message('gdb', { version: stdout.split('\n')[0] ?? '' }));
  if (missing) return { ...found('ok', message('gdb-not-installed')), note: true };
  return found('problem', message('gdb-does-not-run', { exit: exit ?? 'a signal' }));
}

/** One finding per build of QEMU that runs here: only a reset that writes to memory needs its layout. */
async function judgeLayouts(settings: Settings): Promise<Finding[]> {
  const found = new Map<string, Finding>();
  for await (const domain of findDomains('all', settings)) {
    const held: QemuProcess | Unknown = 'why' in domain ? { unknown: domain.why } : holdQemu(domain);
    if (isUnknown(held)) {
      const what = message('qemu-not-read', { domain: domain.name, why: held.unknown });
      found.set(domain.name, findingOf('layout')('unknown', what));
      continue;
    }
    try {
      const build = buildIdOf(held);
      const key = typeof build === 'string' ? build : domain.name;
      const exe = held.program();
      if (exe === undefined || found.has(key)) continue;
      found.set(key, judgeLayout(build, exe, settings));
    } finally {
      held.close();
    }
  }
  return [...found.values()];
}

function judgeLayout(build: string | Unknown, exe: string, { reset }: Settings): Finding {
  const found = findingOf('layout', exe);
  if (typeof build !== 'string')
    return found('unknown', message('build-not-determined', { exe, why: build.unknown }));
  const layout = loadLayout(reset.layoutDirectory, build);
  const file = layoutFile(reset.layoutDirectory, build);
  const program = exe.replace(/ \(deleted\)$/, '');
  if (layout === undefined)
    return { ...found('ok', message('layout-not-stored', { exe, file, program })), note: true };
  if (isUnknown(layout))
    return found('problem', message('layout-not-read', { exe, why: layout.unknown, program }));
  return found('ok', message('layout-stored', { exe, file }));
}

function judgeNamespaces(): Finding {
  const file = '/etc/libvirt/qemu.conf';
  const found = findingOf('namespaces', file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const remedy = remedyOf(error, file, { otherwise: textOf('run-on-host') });
    return found('unknown', textOf('doctor-file-not-read', { path: file, why: errorName(error) }), remedy);
  }
  const named = qemuNamespaces(text);
  if (named === undefined || named.includes('mount')) return found('ok', message('own-dev'));
  return { ...found('ok', message('hosts-dev', { path: file, names: named.join(', ') })), note: true };
}
