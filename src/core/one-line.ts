/** A path may have any byte but 0; a message must stay one line. */
export function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are to be replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

/** At most so many characters. */
export function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
