/** The position of a value of a vector (`VM_MAD = [ NAME = "kvm", … ]`) in the text, quotes included. */
export interface OnedValue {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

type OnedVector = ReadonlyMap<string, OnedValue>;

/**
 * Reads every vector of that name as OpenNebula does (src/parsers/template_parser.l): a comment starts anywhere
 * outside a value, and a quoted value may hold anything, line ends and `\"` included.
 */
export function readVectors(text: string, wanted: string): OnedVector[] {
  const found: OnedVector[] = [];
  let vector: Map<string, OnedValue> | undefined;
  let name = '';
  for (let at = 0; at < text.length;) {
    const read = (pattern: RegExp): string | undefined => {
      pattern.lastIndex = at;
      const [match] = pattern.exec(text) ?? [];
      if (match !== undefined) at += match.length;
      return match;
    };
    if (read(/\s+/y) !== undefined || read(/#.*/y) !== undefined) continue;
    const word = read(/\w+/y);
    if (word !== undefined) {
      name = word.toUpperCase();
      continue;
    }
    if (read(/\]/y) !== undefined) {
      vector = undefined;
      continue;
    }
    if (read(/=[ \t]*/y) === undefined) {
      at += 1;
      continue;
    }
    if (read(/\[/y) !== undefined) {
      vector = new Map();
      if (name === wanted) found.push(vector);
      continue;
    }
    const start = at;
    const quoted = quotedAt(text, at);
    at += quoted?.length ?? 0;
    const value = quoted ?? read(/[^=#\s,[\]]+/y);
    if (value !== undefined) vector?.set(name, { value: value.replace(/^"|"$/g, ''), start, end: at });
  }
  return found;
}

/** A value ends at the first quote without a `\` before it; if there is none, at the last quote of all. */
function quotedAt(text: string, start: number): string | undefined {
  if (text[start] !== '"') return undefined;
  let last: number | undefined;
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    last = end;
    if (text[end - 1] !== '\\') break;
  }
  return last === undefined ? undefined : text.slice(start, last + 1);
}
