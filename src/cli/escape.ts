/** Control characters are escaped: names come from files that a VM's owner may choose, and a terminal would obey them. */
export function printable(text: string): string {
  return text.replace(
    // As \p{Cc}, which is slower.
    // eslint-disable-next-line no-control-regex
    /[\0-\x1f\x7f-\x9f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** The same, with its line feeds. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
