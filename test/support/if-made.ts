/**
 * For `afterAll` and `afterEach`: ends what the hook before has made. Where that failed there is nothing to end, and its
 * error is the one to be read; another one here would stand beside it under every test of the file.
 */
export function ifMade<T, R>(made: T | undefined, end: (made: T) => R): R | undefined {
  return made === undefined ? undefined : end(made);
}
