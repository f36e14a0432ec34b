import { printableJson } from './printable-json';

/** Characters of one text, and members of one list, that are written down; and characters of a whole entry. */
const [longestText, longestList, longestEntry] = [4096, 200, 64 * 1024];

/**
 * One line of JSON for a log that root writes, and that others have a say in: what another host answers may be megabytes
 * of anything. A long text, list or entry is cut, and what a terminal would obey is escaped.
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
