/**
 * Text that may hold any byte as a value of OpenNebula's templates, at most so many characters of it. Its lexer
 * (template_parser.l) takes `\"` for a quote inside a value, and gives up at `]]>`; of a message that it cannot read
 * nothing is kept at all.
 */
export function harmless(text: string, longest: number): string {
  const plain = text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replaceAll('[', '(')
    .replaceAll(']', ')')
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();
  return plain.length > longest ? `${plain.slice(0, longest - 3)}...` : plain;
}
