import { join } from 'node:path';
import type { Host } from '../../test/lab/harness';

/** The resources that a command and all processes that it started used together. */
interface Usage {
  /** Milliseconds of processor time, user and system. */
  readonly processor: number;
  /** Maximum resident memory, in MiB. */
  readonly memory: number;
}

/**
 * Runs a command on the host.
 * @throws if it ends with a status other than 0
 */
export async function usageOf(host: Host, argv: readonly string[], input = ''): Promise<Usage> {
  const command = ['perl', join(__dirname, 'usage.pl'), ...argv] as const;
  const { stdout, stderr } = await host.succeed(command, { input, deadline: 120_000 });
  const [exit, processor = NaN, kibibytes = NaN] = stdout.trim().split(' ').map(Number);
  if (exit !== 0) throw new Error(`${argv.join(' ')}: exit status ${exit ?? 'unknown'}: ${stderr}`);
  return { processor, memory: kibibytes / 1024 };
}
