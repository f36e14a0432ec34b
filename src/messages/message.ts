/**
 * A message is a row of the table (src/messages/index.ts) with its `{placeholders}` filled in. Code takes every text
 * that a person reads about a VM from there, and docs/messages.md is generated from it.
 */
export interface MessageRow {
  /** One sentence without its full stop: what happened, to which VM, disk or path, and why; the cause first. */
  readonly text: string;
  /** The same for short places, without paths and without names of hosts and domains where possible. */
  readonly short?: string;
  /** The remedy: a command, or an instruction for an operator. */
  readonly remedy?: string;
  /** For docs/messages.md only: when it happens. */
  readonly cause?: string;
}

export interface Message {
  readonly what: string;
  /** `what` in at most {@link maxShortChars} characters; missing where `what` is as short as that. */
  readonly short?: string;
  readonly remedy?: string;
}

/** A part of a sentence may be a message itself: its text goes into the text, its short form into the short form. */
type Value = string | number | Message;

/** oned cuts a VM's ERROR after 100 characters, its own prefixes and ours counted (MAX_ERROR_MSG_LENGTH). */
export const maxShortChars = 69;
/** Characters of one name in a short form: names of hosts have up to 253 characters. */
const maxValueChars = 24;

type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;
type NamesOf<Row extends MessageRow> = Names<Row['text']> | Names<Row['short']> | Names<Row['remedy']>;
/** The values that {@link fillRow} takes besides the row: none, or one for each placeholder. */
export type Filling<Row extends MessageRow> = [NamesOf<Row>] extends [never]
  ? []
  : [values: Readonly<Record<NamesOf<Row>, Value>>];

/** A row with a remedy makes a message with one. */
export type Remedied<Row> = Row extends { readonly remedy: string } ? { readonly remedy: string } : unknown;

export function fillRow(row: MessageRow, values: Readonly<Record<string, Value>> = {}): Message {
  const what = fill(row.text, values, whole);
  const short = clip(fill(row.short ?? row.text, values, row.short === undefined ? shortOf : shortened));
  return {
    what,
    ...(short === what ? {} : { short }),
    ...(row.remedy === undefined ? {} : { remedy: fill(row.remedy, values, whole) }),
  };
}

/** A sentence cut to {@link maxShortChars} characters. */
export function shortOf(value: Value): string {
  return typeof value === 'object' ? (value.short ?? clip(value.what)) : String(value);
}

function shortened(value: Value): string {
  return typeof value === 'object' ? shortOf(value) : clip(String(value), maxValueChars);
}

function whole(value: Value): string {
  return typeof value === 'object' ? value.what : String(value);
}

function fill(
  text: string,
  values: Readonly<Record<string, Value>>,
  toText: (value: Value) => string,
): string {
  return text.replace(/\{([a-zA-Z]+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    return value === undefined ? placeholder : toText(value);
  });
}

function clip(text: string, length = maxShortChars): string {
  if (text.length <= length) return text;
  // A surrogate pair is not cut in two.
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
