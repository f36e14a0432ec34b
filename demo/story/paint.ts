const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof codes;

/** Colours appear only on a terminal, and only if the user has not disabled them (https://no-color.org). */
const coloured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

export function paint(text: string, ...colours: readonly Colour[]): string {
  return coloured
    ? colours.reduce((painted, colour) => `\u001b[${codes[colour]}m${painted}\u001b[0m`, text)
    : text;
}
