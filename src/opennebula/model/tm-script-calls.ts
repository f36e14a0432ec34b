/** What a datastore driver may call of ours, by the names of its own scripts. */
export const tmScripts = ['premigrate', 'failmigrate'] as const;
export type TmScript = (typeof tmScripts)[number];

/** Which of our scripts a datastore driver calls, from its own of the same names. */
export interface TmDriver {
  readonly name: string;
  readonly calls: readonly TmScript[];
}

/**
 * The datastore drivers that have such scripts. `scripts`: their texts by `DRIVER/NAME`; `site`: what StorPool's scripts
 * read of the site, whose `migrate_other` they call.
 */
export function tmDrivers(scripts: ReadonlyMap<string, string>, site: readonly string[]): TmDriver[] {
  const names = new Set([...scripts.keys()].map((path) => path.replace(/\/.*/, '')));
  names.delete('migrate-guard');
  return [...names].sort().map((name) => ({
    name,
    calls: tmScripts.filter((script) => {
      const text = scripts.get(`${name}/${script}`) ?? '';
      const isStorPool = text.includes('storpool_common.sh') && text.includes('migrate_other');
      return isCalled(script, text) || (isStorPool && site.some((one) => isCalled(script, one)));
    }),
  }));
}

/** In a line that is no comment; or by a word of the shell, such as `${0##*\/}`, which stands for either name. */
function isCalled(script: TmScript, text: string): boolean {
  return text
    .split('\n')
    .some((line) => [script, '$', '"$'].some((word) => codeOf(line).includes(`migrate-guard/${word}`)));
}

/** A `#` begins a comment where a word begins (dash(1), "Comments"). */
function codeOf(line: string): string {
  return line.replace(/(^|\s)#.*/, '');
}
