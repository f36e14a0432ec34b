import { GuardError } from '../core/errors';
import { message } from '../messages';
import { exitCodes } from '../core/exit-codes';
import { printable } from '../cli/escape';
import { renderFindings } from '../cli/render-findings';
import { fallbackTextOf } from '../config/fallback-file';
import { readSettings } from '../config/read';
import { maySet, movers, restore, set, show } from '../doctor/edit-oned-conf';
import { judgePathReading } from '../doctor/check-path-reading';
import { verify } from '../doctor/verify';

/** The part of install.sh that is not shell. Only install.sh calls it. */
async function main([action = '', word = '', ...files]: readonly string[]): Promise<number> {
  const [file = '', backup = '', settings] = files;
  if (action === 'verify') return verifyInstallation(word, file);
  if (action === 'read-paths') return tryPathReading();
  if (action === 'fallback') {
    process.stdout.write(await fallbackTextOf(word));
    return exitCodes.ok.status;
  }
  const work = action === 'vm-mad' ? vmMad.get(word) : undefined;
  if (work) return print(await work(file, backup, settings));
  const given = action === 'vm-mad' ? `vm-mad ${word}` : action;
  throw new GuardError('usage', message('install-action-not-known', { action: given }));
}

async function verifyInstallation(root: string, settings: string): Promise<number> {
  const findings = await verify(root, await readSettings(settings || undefined));
  process.stdout.write(renderFindings(findings, 'everything'));
  return findings.every(({ state }) => state === 'ok') ? exitCodes.ok.status : exitCodes.problem.status;
}

/** Reads paths as another user once, as a check does: not every system allows it. */
async function tryPathReading(): Promise<number> {
  const { state, what, remedy } = await judgePathReading();
  if (state !== 'ok') throw new GuardError('problem', what, remedy);
  return exitCodes.ok.status;
}

type VmMadWork = (file: string, backup: string, settings?: string) => string[] | Promise<string[]>;

const vmMad = new Map<string, VmMadWork>([
  ['movers', movers],
  ['show', show],
  ['may-set', maySet],
  ['set', set],
  ['restore', async (file, backup, from) => restore(file, backup, await readSettings(from), 'do-it')],
  ['show-restore', async (file, backup, from) => restore(file, backup, await readSettings(from), 'dry-run')],
]);

function print(lines: readonly string[]): number {
  process.stdout.write(lines.map((line) => `${printable(line)}\n`).join(''));
  return exitCodes.ok.status;
}

void main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    if (!(error instanceof GuardError)) throw error;
    process.stderr.write(
      `install.sh: ${printable(error.what)}\n${error.remedy === undefined ? '' : `  -> ${printable(error.remedy)}\n`}`,
    );
    process.exitCode = error.exit;
  },
);
