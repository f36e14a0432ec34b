import type { UnreadableDomain } from '../../core/unreadable-domain';
import type { DomainFacts, SourceFacts } from '../model/facts';
import { HostPaths } from './host-paths';
import type { PathWait } from './path-wait';

/** Collects facts; where a path is missing on this host, once more when it is there, or after the time of `wait`. */
export async function collectPatiently(
  collect: () => Promise<DomainFacts | UnreadableDomain>,
  wait: PathWait,
): Promise<DomainFacts | UnreadableDomain> {
  const facts = await collect();
  if ('why' in facts) return facts;
  let missing = facts.sources.filter(isMissing).map(({ source }) => source.path);
  if (missing.length === 0 || wait.isOver) return facts;
  const paths = new HostPaths();
  try {
    const waited = await wait.while(
      () => missing.length > 0,
      async () => {
        const found = await paths.resolve(missing);
        missing = found.filter(({ end }) => end.kind === 'missing').map(({ path }) => path);
      },
    );
    const again = await collect();
    return 'why' in again ? again : { ...again, waited };
  } finally {
    paths.end();
  }
}

function isMissing({ source, host }: SourceFacts): boolean {
  return host.end.kind === 'missing' && source.dispensable !== true;
}
