import type { Host } from '../../test/lab/harness';

/** The most memory that a command had resident at once, in MiB (GNU time, from wait4(2)). */
export async function peakMemory(host: Host, argv: readonly string[]): Promise<number> {
  const { stderr } = await host.succeed(['/usr/bin/time', '--format', 'peak %M', ...argv]);
  const kibibytes = /^peak (\d+)$/m.exec(stderr)?.[1];
  if (kibibytes === undefined) throw new Error(`time told no memory: ${stderr}`);
  return Number(kibibytes) / 1024;
}
