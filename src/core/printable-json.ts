/** JSON escapes what a terminal would obey, but for these; and two that end a line for some readers. */
export function printableJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
