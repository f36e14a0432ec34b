import { relink } from '../../../src/relink/relink';
import { defaultSettings } from '../../../src/config/settings';

/**
 * Arguments: libvirt's state directory, the directory of journals, a link, two targets, and the number of rounds.
 * Points the link to each target in turn, in one process, and prints one line per result.
 */
async function main([
  stateDirectory = '',
  journalDirectory = '',
  link = '',
  ...more
]: readonly string[]): Promise<void> {
  const [one = '', other = '', rounds = ''] = more;
  const settings = {
    ...defaultSettings,
    libvirt: { ...defaultSettings.libvirt, stateDirectory },
    relink: { journalDirectory },
  };
  for (let round = 0; round < Number(rounds); round += 1) {
    const { links } = await relink([{ link, target: round % 2 === 0 ? other : one }], {
      settings,
      dryRun: false,
    });
    for await (const { result } of links) process.stdout.write(`${result}\n`);
  }
}

void main(process.argv.slice(2));
