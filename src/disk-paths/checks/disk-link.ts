import type { Finding } from '../../core/finding';
import { shellWord } from '../../core/shell-word';
import { isUnknown } from '../../core/unknown';
import { isBelowDev } from '../../file-tree/model/entry';
import { message, textOf } from '../../messages';
import { stableNameOf, type HoppingLink } from '../model/hopping-link';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { about, type Check } from './check-type';

/** With `--deep`: does a link of udev, looked at twice, lead to one device? */
export const diskLink: Check = {
  name: 'disk-link',
  inspect: (facts) =>
    facts.sources.flatMap((source): Finding[] => {
      const { hoppingLink } = source;
      if (!hoppingLink) return [];
      const [first, second] = hoppingLink.devices;
      const values = { link: hoppingLink.path, first, second };
      const { remedy, ...found } = message('link-hops', values);
      return [
        {
          ...about('disk-link', source),
          state: 'problem',
          ...found,
          remedy: relinkTo(source, hoppingLink, facts) ?? remedy,
        },
      ];
    }),
};

/** The command that gives the disk a name of its own; `undefined` where there is no such name, or no link to re-point. */
function relinkTo({ host }: SourceFacts, hopping: HoppingLink, { open }: DomainFacts): string | undefined {
  if (isUnknown(open)) return undefined;
  const held = hopping.devices.find((device) =>
    open.some((file) => file.kind === 'block' && file.device === device),
  );
  const target = held === undefined ? undefined : stableNameOf(held, hopping);
  // Links below /dev are udev's, which would make them again.
  const link = host.hops.findLast(({ path, entry }) => entry.kind === 'link' && !isBelowDev(path));
  if (target === undefined || !link) return undefined;
  return textOf('relink-to', { link: shellWord(link.path), target: shellWord(target) });
}
