/**
 * The name of a system call's error (`ENOENT`), or the text of any other error. In a file of its own, without the table of
 * messages: children that are started with their program as an argument need it (setup/build/child-program.cjs).
 */
export function errorName(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  // A GuardError has a `code`, too.
  if ('what' in error && typeof error.what === 'string') return error.what;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'message' in error ? String(error.message) : 'an error without a message';
}
