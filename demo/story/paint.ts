const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof codes;

/** Colours only where a person sees them, and has not asked for none (https://no-color.org). */
const coloured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

export function paint(text: string, ...colours: readonly Colour[]): string {
  return coloured
    ? colours.reduce((painted, colour) => `\u001b[${codes[colour]}m${painted}\u001b[0m`, text)
    : text;
}
