import { defaultSettings } from '../../../src/core/settings';
import { foresee } from '../../../src/workflows/foresee';

// within.ts MILLISECONDS STATE_DIRECTORY CHANGES: foresees with a deadline of the caller's, which the command has not, and
// prints a line for each domain. What is left behind at the end is left behind here, too.

async function main([deadline = '', stateDirectory = '', changes = '']: readonly string[]): Promise<void> {
  const settings = { ...defaultSettings, libvirt: { ...defaultSettings.libvirt, stateDirectory } };
  const links = JSON.parse(changes) as Parameters<typeof foresee>[0];
  for await (const { report, now } of foresee(links, settings, Number(deadline), () => true)) {
    const trouble = report.findings.find(({ state }) => state !== 'ok')?.what;
    process.stdout.write(`${report.domain} ${now} ${report.verdict} ${trouble ?? ''}\n`);
  }
  process.exit();
}

void main(process.argv.slice(2));
