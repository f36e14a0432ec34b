import type { Finding } from '../../core/finding';
import { isUnknown, reasonIn } from '../../core/unknown';
import { message } from '../../messages';
import type { Check } from './check-type';

const diskTypes = new Set(['block special file', 'regular file', 'regular empty file']);

/** With `--destination`: does each path lead to a block device or a regular file on the destination? */
export const destinationPaths: Check = {
  name: 'destination',
  inspect: ({ destination: asked, domain }) => {
    if (!asked) return [];
    const { host, paths } = asked;
    if (isUnknown(paths)) {
      const why = reasonIn(paths);
      return [{ check: 'destination', state: 'unknown', ...message('destination-not-asked', { host, why }) }];
    }
    return paths.map(({ path, type }): Finding => {
      const source = domain.sources.find((candidate) => candidate.path === path);
      const base = { check: 'destination', path, ...(source ? { disk: source.disk } : {}) };
      if (type !== undefined && diskTypes.has(type))
        return { ...base, state: 'ok', ...message('destination-leads-to-disk', { type, host }) };
      if (type === undefined && source?.dispensable)
        return { ...base, state: 'ok', note: true, ...message('destination-left-out', { host }) };
      const wrong =
        type === undefined
          ? message('destination-without-disk', { path, host })
          : message('destination-other-kind', { path, host, type });
      return { ...base, state: 'problem', ...wrong };
    });
  },
};
