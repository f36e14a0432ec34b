import { type Colour, paint } from './paint';

const width = 100;
const margin = ' '.repeat(10);

/** The colours of the lines of migrate-guard's reports. */
const tones: readonly (readonly [RegExp, Colour])[] = [
  [/^\S+: safe$/, 'green'],
  [/^\S+: repairable$/, 'yellow'],
  [/^\S+: (blocked|undecided)$/, 'red'],
  [/^ {2}! /, 'yellow'],
];

/** Prints a timeline: each event has the seconds since the start at its left. */
export class Narrator {
  private readonly begin = performance.now();
  private sceneJustBegan = false;
  private isOver = false;

  title(text: string): void {
    this.print(paint(text, 'bold'));
  }

  scene(text: string): void {
    this.print(`\n${paint(text, 'bold', 'cyan')}`);
    this.sceneJustBegan = true;
  }

  /** Prints a sentence or two of the story. */
  say(text: string): void {
    const [first = '', ...rest] = wrap(text);
    this.print(`${this.clock()}${first}`);
    this.sceneJustBegan = false;
    for (const line of rest) this.print(`${margin}${line}`);
  }

  /** Prints a command as a user would type it. */
  prompt(command: string): void {
    if (!this.sceneJustBegan) this.print('');
    this.print(`${this.clock()}${paint('$', 'dim')} ${paint(command, 'bold')}`);
    this.sceneJustBegan = false;
  }

  /** Prints the output of a program, unchanged except for colours. */
  quote(text: string, colour?: Colour): void {
    for (const line of text.trimEnd().split('\n')) {
      const tone = colour ?? tones.find(([pattern]) => pattern.test(line))?.[1];
      this.print(`${margin}${tone === undefined ? line : paint(line, tone)}`.trimEnd());
    }
  }

  /** Prints what was verified. */
  proof(text: string): void {
    this.print(`${this.clock()}${paint('✓', 'green')} ${text}`);
    this.sceneJustBegan = false;
  }

  /** Prints the last line; work that still runs may finish, but its output is discarded. */
  failure(text: string): void {
    this.print(`\n${this.clock()}${paint('✗', 'red')} ${text}`);
    this.isOver = true;
  }

  get seconds(): string {
    return ((performance.now() - this.begin) / 1000).toFixed(1);
  }

  private print(line: string): void {
    if (!this.isOver) process.stdout.write(`${line}\n`);
  }

  private clock(): string {
    return paint(`${this.seconds.padStart(6)} s  `, 'dim');
  }
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && margin.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
