import { programOf, versionOf } from '../block-state/io/read-affected';
import { inspectHeld } from '../block-state/inspect';
import { withKnownBuilds } from '../block-state/model/affected';
import type { Settings } from '../config/settings';
import type { DomainReport, Finding } from '../core/finding';
import { isUnknown } from '../core/unknown';
import { findDomains } from '../hypervisor/find-domains';
import { holdQemu } from '../hypervisor/hold-qemu';
import type { Domain } from '../hypervisor/model/domain-xml';
import { virshHere } from '../hypervisor/virsh-argv';
import { VirshSession } from '../hypervisor/virsh-session';
import { message } from '../messages';
import type { Argv } from '../os/isolated';
import { runCommand } from '../os/run-command';
import { findingOf } from './finding-of';

/**
 * The front-end gives the agent twice `ssh.deadline` for all of its answers: a libvirtd that hangs must not look like a
 * host without the agent.
 */
const libvirtDeadlineMs = 5000;

/** What runs here, for a person who plans an upgrade or restarts: nothing else is decided by it. */
export async function listPrograms(settings: Settings): Promise<Finding[]> {
  const end = performance.now() + libvirtDeadlineMs;
  const libvirt = await libvirtHere();
  const mayAsk = (): boolean => libvirt.answers && performance.now() < end;
  return [libvirt.finding, ...(await sudoHere()), ...(await qemusHere(settings, mayAsk))];
}

async function libvirtHere(): Promise<{ readonly finding: Finding; readonly answers: boolean }> {
  const found = findingOf('libvirt');
  const printed = await printedBy(virshHere('version', '--daemon'), libvirtDeadlineMs);
  const version = /^Running against daemon: (.*)$/m.exec(printed)?.[1];
  return version === undefined
    ? { finding: { ...found('ok', message('libvirt-silent')), note: true }, answers: false }
    : { finding: found('ok', message('libvirt-version', { version })), answers: true };
}

/** `Sudo version 1.9.13p3`, or `sudo-rs 0.2.8`; whether it allows what is needed is another check. */
async function sudoHere(): Promise<Finding[]> {
  const [version = ''] = (await printedBy(['sudo', '--version'], 10_000)).split('\n');
  return version === '' ? [] : [findingOf('sudo')('ok', message('sudo-version', { version }))];
}

async function printedBy(argv: Argv, deadline: number): Promise<string> {
  const { exit, stdout } = await runCommand(argv, { deadline, cwd: '/', env: { LC_ALL: 'C' } });
  return exit === 0 ? stdout : '';
}

interface RunningQemu extends Pick<DomainReport, 'domain' | 'affected' | 'build'> {
  readonly exe: string;
  readonly version: string | undefined;
}

/** One finding for each build of QEMU that runs, also if its file was replaced since. */
async function qemusHere(settings: Settings, mayAsk: () => boolean): Promise<Finding[]> {
  const running: RunningQemu[] = [];
  const virsh = new VirshSession(Math.min(settings.libvirt.deadline * 1000, libvirtDeadlineMs));
  try {
    for await (const domain of findDomains('all', settings)) {
      const qemu = 'why' in domain ? undefined : await lookAt(domain, settings, virsh, mayAsk());
      if (qemu) running.push(qemu);
    }
  } finally {
    virsh.end();
  }
  const known = withKnownBuilds(running);
  return [...new Set(known.map(keyOf))].map((key) => describe(known.filter((one) => keyOf(one) === key)));
}

function keyOf({ build, exe }: RunningQemu): string {
  return build ?? exe;
}

/** `undefined` of one that has ended, or cannot be read: the check of the layouts reports it, and so does `check`. */
async function lookAt(
  domain: Domain,
  settings: Settings,
  virsh: VirshSession,
  mayAsk: boolean,
): Promise<RunningQemu | undefined> {
  const held = holdQemu(domain);
  if (isUnknown(held)) return undefined;
  try {
    const { blockState } = await inspectHeld(
      domain,
      held,
      settings,
      virsh,
      mayAsk ? 'if-uncertain' : 'never',
    );
    const program = programOf(domain, held, blockState, settings);
    const { build } = program;
    const version = build === undefined ? undefined : versionOf(build, domain, held, settings);
    const exe = held.program();
    return exe === undefined ? undefined : { domain: domain.name, ...program, exe, version };
  } finally {
    held.close();
  }
}

function describe(same: readonly (RunningQemu & Required<Pick<DomainReport, 'affected'>>)[]): Finding {
  const [first] = same;
  if (!first) throw new Error('a build without a VM');
  const { exe, build = '?', affected, version = '?' } = first;
  const values = { exe, version, build, count: same.length };
  const found = findingOf('qemu', exe);
  if (affected === 'no') return found('ok', message('qemu-not-affected', values));
  const names = same.map(({ domain }) => domain).join(', ');
  const id = affected === 'yes' ? 'qemu-affected' : 'qemu-perhaps-affected';
  return { ...found('ok', message(id, { ...values, names })), note: true };
}
