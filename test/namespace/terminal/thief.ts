import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a program that takes what it can from root's terminal. */
export const thief = readFileSync(join(__dirname, 'thief.pl'), 'utf8');
/** The directory where it records what it got and as which user, and reads its answer from a file of its name. */
export const notes = '/mnt/notes';

/** The escape sequence that sets a terminal's title. */
const setsTitle = '\u001b]0;';
/** Variables that are public, and those that bash adds. */
const mayHave = /^(PATH|HOME|USER|LOGNAME|LC_ALL|PWD|SHLVL|_)$/;

interface Got {
  readonly name: string;
  readonly uid: string;
  readonly terminal: string;
  readonly descriptors: readonly string[];
  readonly variables: readonly string[];
}

/**
 * Expects that the programs of these names ran as this user, and got nothing; `may` names further variables that they
 * may have. `path` maps a path of their machine to one of this.
 */
export function expectNothingStolen(
  path: (path: string) => string,
  uid: number,
  names: readonly string[],
  may: readonly string[] = [],
): void {
  const file = path(`${notes}/got`);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  // Root may run some of them itself.
  const got = lines.map((line) => JSON.parse(line) as Got).filter((one) => one.uid !== '0');
  expect([...new Set(got.map(({ name }) => name))].sort()).toEqual([...names].sort());
  for (const { name, terminal, descriptors, variables, uid: was } of got) {
    expect({
      name,
      uid: was,
      terminal,
      descriptors: descriptors.filter((one) => !/^[012] (pipe|socket):/.test(one)),
      variables: variables.filter((variable) => !mayHave.test(variable) && !may.includes(variable)),
    }).toEqual({
      name,
      uid: String(uid),
      terminal: 'No such device or address',
      descriptors: [],
      variables: [],
    });
  }
}

/** Expects that the terminal shows nothing that the thief typed, and executed nothing that it wrote. */
export function expectUnmoved(shown: string): void {
  expect(shown).not.toContain('~');
  expect(shown).not.toContain(setsTitle);
  expect(shown).not.toContain('\u009b');
}
