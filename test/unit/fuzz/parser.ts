import { createContext, Script } from 'node:vm';
import fc from '../../support/seeded-fast-check';
import { XmlError } from '../../../src/core/element';
import { hostile, huge } from './hostile';

// `npm run test:fuzz -- --runs 100000` runs many more of each (setup/many.mjs).
const runs = Number(process.env['MIGRATE_GUARD_FUZZ'] ?? 200);
const hugeRuns = Math.ceil(runs / 10);
const hugeSize = runs > 1000 ? 1024 * 1024 : 128 * 1024;
/** Milliseconds. Linear-time parsing takes a hundredth of it: the limit only ends a parser that hangs. */
const watchdog = 20_000;

interface Parser<T> {
  /** Valid documents, as their authors write them. */
  readonly valid: readonly string[];
  readonly parse: (text: string) => T;
  /** Whether this is the documented error, with the position of the mistake. */
  readonly refuses?: (error: unknown) => boolean;
  /** Throws if the result for a document is not what the parser promises. */
  readonly holds?: (result: T, text: string) => void;
}

/** For any input, the parser does what it documents: in linear time, and without a change of any prototype. */
export function fuzz<T>(name: string, { valid, parse, refuses = () => false, holds }: Parser<T>): void {
  const property = (text: string): void => {
    let result: { readonly value: T } | undefined;
    try {
      result = { value: parse(text) };
    } catch (error) {
      if (!refuses(error)) throw error;
    }
    if (result) holds?.(result.value, text);
    expectCleanPrototypes();
  };
  const watched = (text: string): void => {
    // A vm timeout ends even a backtracking regular expression, which no timer could.
    const context = createContext({ run: () => property(text) });
    new Script('run()').runInContext(context, { timeout: watchdog });
  };

  describe(name, () => {
    test('what it is for is accepted', () => {
      for (const text of valid) {
        const value = parse(text);
        holds?.(value, text);
      }
    });

    test(`${runs} hostile inputs`, () => {
      fc.assert(fc.property(hostile(valid), property), { numRuns: runs });
    });

    test(`${hugeRuns} inputs of ${hugeSize / 1024} KiB`, () => {
      fc.assert(fc.property(huge(valid, hugeSize), watched), { numRuns: hugeRuns, endOnFailure: true });
    }, 3_600_000);
  });
}

const prototypes = [Object, Array, String, Number, Function, Map].map(({ prototype }) => {
  const names = Reflect.ownKeys(prototype as object);
  return { prototype: prototype as object, names: names.length };
});

function expectCleanPrototypes(): void {
  if (prototypes.every(({ prototype, names }) => Reflect.ownKeys(prototype).length === names)) return;
  throw new Error('something was added to a prototype');
}

/** The only error that reading XML may throw. */
export function refusesXml(error: unknown): boolean {
  return error instanceof XmlError && /^line [1-9][0-9]*: ./.test(error.message);
}
