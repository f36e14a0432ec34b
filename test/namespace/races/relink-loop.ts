import { relink } from '../../../src/relink/relink';
import { defaultSettings } from '../../../src/config/settings';

/**
 * Arguments: libvirt's state directory, the directory of journals, a link, two targets, and the least number of
 * rounds. Points the link to each target in turn, in one process, and prints one line per result. It continues until
 * the link was moved and was left, each at least once, which proves that there was a race; or until 20 times as many
 * rounds.
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
  const met = new Set<string>();
  const isProved = (): boolean => met.has('moved') && met.has('left');
  const [least, most] = [Number(rounds), 20 * Number(rounds)];
  for (let round = 0; round < least || (!isProved() && round < most); round += 1) {
    const { links } = await relink([{ link, target: round % 2 === 0 ? other : one }], {
      settings,
      dryRun: false,
    });
    for await (const { result } of links) {
      met.add(result);
      process.stdout.write(`${result}\n`);
    }
  }
}

void main(process.argv.slice(2));
