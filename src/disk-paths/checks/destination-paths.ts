import type { Finding } from '../../core/finding';
import { isUnknown } from '../../core/unknown';
import { leftOut, type Check } from './check-type';

const usable = new Set(['block special file', 'regular file', 'regular empty file']);

/** With `--destination`: do the same paths lead to a block device or a file over there? */
export const destination: Check = {
  name: 'destination',
  inspect: ({ destination: asked, domain }) => {
    if (!asked) return [];
    const { host, paths } = asked;
    if (isUnknown(paths)) {
      const what = `${host} could not be asked: ${paths.unknown}`;
      return [{ check: 'destination', state: 'unknown', what, remedy: `try: ssh ${host} true, as oneadmin` }];
    }
    return paths.map(({ path, type }): Finding => {
      const source = domain.sources.find((candidate) => candidate.path === path);
      const base = { check: 'destination', path, ...(source ? { disk: source.disk } : {}) };
      if (type !== undefined && usable.has(type))
        return { ...base, state: 'ok', what: `it leads to a ${type} on ${host}` };
      if (type === undefined && source?.dispensable)
        return { ...base, state: 'ok', note: true, what: `it leads to nothing on ${host}, but ${leftOut}` };
      const wrong = `it leads to a ${type ?? ''} on ${host}, which is no disk`;
      const what = type === undefined ? `it leads to nothing on ${host}` : wrong;
      const remedy = `make ${path} lead to the disk on ${host}, or migrate to another host`;
      return { ...base, state: 'problem', what, remedy };
    });
  },
};
