/**
 * For `afterAll` and `afterEach`: ends what the hook before has created. If that hook failed, there is nothing to
 * end, and its error is the relevant one; a second error here would appear next to it under every test of the file.
 */
export function ifMade<T, R>(made: T | undefined, end: (made: T) => R): R | undefined {
  return made === undefined ? undefined : end(made);
}
