/** Our scripts that a datastore driver calls before and after a migration, by the names of its own. */
export const tmScripts = ['premigrate', 'failmigrate'] as const;
export type TmScript = (typeof tmScripts)[number];

/** The scripts of ours that a datastore driver calls from its own scripts of the same names. */
export interface TmDriver {
  readonly name: string;
  readonly calls: readonly TmScript[];
}

/**
 * The datastore drivers that have such scripts. `scripts`: their texts by `DRIVER/NAME`; `site`: the site settings
 * that StorPool's scripts read, and whose `migrate_other` they call.
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

/**
 * Looks for the name in a line that is not a comment; an expansion of the shell such as `${0##*\/}` stands for either
 * name.
 */
function isCalled(script: TmScript, text: string): boolean {
  return text
    .split('\n')
    .some((line) => [script, '$', '"$'].some((word) => codeOf(line).includes(`migrate-guard/${word}`)));
}

/** A `#` starts a comment only where a word starts (dash(1), "Comments"). */
function codeOf(line: string): string {
  return line.replace(/(^|\s)#.*/, '');
}
