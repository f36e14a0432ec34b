import childProgram from '../../../src/file-tree/path-reader/path-reader.child';

/** MAX_ARG_STRLEN (include/uapi/linux/binfmts.h): execve(2) refuses a longer argument with E2BIG. */
const maxArgumentBytes = 131_072;

test('the program of the child that reads paths fits into one argument, and has no table of messages', () => {
  expect(Buffer.byteLength(childProgram)).toBeLessThan(maxArgumentBytes / 4);
  expect(childProgram).not.toContain('src/messages/');
});
