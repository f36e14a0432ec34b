import { printableJson } from './printable-json';

/** Limits of a logged entry: characters of one text, members of one list, characters of the whole entry. */
const [longestText, longestList, longestEntry] = [4096, 200, 64 * 1024];

/**
 * One line of JSON for a log that root writes. Its values may come from another host, and be megabytes of anything: a long
 * text, list or entry is cut, and control characters are escaped.
 */
export function logEntry(
  heading: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>>,
): string {
  const whole = encode({ ...heading, ...fields });
  return whole.length <= longestEntry ? whole : encode({ ...heading, leftOut: whole.length });
}

function encode(fields: Readonly<Record<string, unknown>>): string {
  return printableJson(JSON.stringify(fields, shortened));
}

function shortened(_: string, value: unknown): unknown {
  if (typeof value === 'string' && value.length > longestText)
    return `${value.slice(0, longestText)}… (${value.length} characters)`;
  if (Array.isArray(value) && value.length > longestList)
    return [...(value.slice(0, longestList) as unknown[]), `… (${value.length} members)`];
  return value;
}
