import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Describes the machine on which the numbers were measured. */
export function describeMachine(): Readonly<Record<string, string>> {
  const [cpu] = cpus();
  return {
    processor: `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    kernel: `Linux ${release()}`,
    node: process.version,
    libvirt: versionOf('libvirtd', '--version'),
    QEMU: versionOf('qemu-system-x86_64', '--version'),
    load: `${loadavg()[0]?.toFixed(1) ?? '?'} before the run`,
  };
}

function versionOf(program: string, option: string): string {
  const output = execFileSync(program, [option], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(output)?.[0] ?? 'unknown';
}
