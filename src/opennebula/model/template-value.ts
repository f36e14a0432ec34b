/**
 * A text of any bytes as a value of OpenNebula's templates, cut to `longest` characters. OpenNebula's lexer
 * (template_parser.l) reads `\"` as a quote inside a value, and fails at `]]>`; oned drops a whole message that it
 * cannot parse.
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
