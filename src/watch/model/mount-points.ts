/**
 * The mount points in a line of `findmnt --poll --raw` in the locale C. It writes each byte that is a blank, a backslash
 * or not printable as `\x20` (util-linux, lib/tt.c and libsmartcols, fputs_nonblank()).
 */
export function mountPointsIn(line: string): readonly string[] {
  return line.split(' ').flatMap((word) => (word.startsWith('/') ? [unescape(word)] : []));
}

function unescape(word: string): string {
  if (!word.includes('\\x')) return word;
  const bytes = word.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
