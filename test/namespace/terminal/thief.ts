import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a program that takes what it can of root's terminal. */
export const thief = readFileSync(join(__dirname, 'thief.pl'), 'utf8');
/** Where it writes down what it got, as whoever it runs; and finds what it has to answer, in a file of its own name. */
export const notes = '/mnt/notes';

/** By which a program has a terminal set its title. */
const setsTitle = '\u001b]0;';
/** What everybody may know, and what bash adds. */
const mayHave = /^(PATH|HOME|USER|LOGNAME|LC_ALL|PWD|SHLVL|_)$/;

interface Got {
  readonly name: string;
  readonly uid: string;
  readonly terminal: string;
  readonly descriptors: readonly string[];
  readonly variables: readonly string[];
}

/**
 * That those of these names ran as this user, and got nothing; `may` names variables that they may have, too. `path`:
 * where a path of their machine is found from here.
 */
export function expectNothingStolen(
  path: (path: string) => string,
  uid: number,
  names: readonly string[],
  may: readonly string[] = [],
): void {
  const file = path(`${notes}/got`);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  // Root may ask some of them for itself.
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

/** That the terminal shows nothing that the thief typed, and obeyed nothing that it wrote. */
export function expectUnmoved(shown: string): void {
  expect(shown).not.toContain('~');
  expect(shown).not.toContain(setsTitle);
  expect(shown).not.toContain('\u009b');
}
