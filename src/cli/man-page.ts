import { exitCodes } from '../core/exit-codes';
import { defaultSettings } from '../config/settings';
import { defaultSettingsFile } from '../config/read';
import { everyVerb, purpose, type Option, type Command } from './command';

const files: readonly (readonly [path: string, what: string])[] = [
  [defaultSettingsFile, 'the configuration; it shows every key with its default'],
  [defaultSettings.reset.layoutDirectory, 'memory layouts of QEMU builds, as the command layout stores them'],
  [defaultSettings.relink.journalDirectory, 'journals of relink, and the log of the agent'],
  [defaultSettings.libvirt.stateDirectory, 'status files of libvirt, with the domains that run here'],
  ['/run/migrate-guard', 'locks, and records of resets'],
];

export const aboutDomains =
  'A domain is a running virtual machine of libvirt. Name it one-310 or 310, by its UUID, or as libvirt does.';

const everywhere: Readonly<Record<string, Option>> = {
  ...everyVerb,
  help: { help: "the command's own help, with examples" },
  version: { help: 'version and commit, then the SHA-256 and the path of the program file' },
};

/** The manual page in roff, for groff and mandoc. `date`: of the release, as YYYY-MM-DD. */
export function manPage(verbs: readonly Command[], version: string, date: string): string {
  const lines = [
    `.TH MIGRATE\\-GUARD 1 ${quoted(date)} ${quoted(`migrate-guard ${version}`)} "User Commands"`,
    // Without hyphenation and justification, as commands are copied from here.
    '.nh',
    '.ad l',
    ...section('NAME', [
      'migrate\\-guard \\- checks, repairs and moves KVM virtual machines whose disk paths changed',
    ]),
    ...section('SYNOPSIS', verbs.flatMap(synopsis)),
    ...section('DESCRIPTION', [
      roff(purpose),
      ...paragraph(aboutDomains),
      ...paragraph('Results are printed on stdout; progress, warnings and logs on stderr.'),
    ]),
    ...section('VERBS', verbs.flatMap(describe)),
    ...section('OPTIONS', [roff(whoTakes(verbs)), ...options(everywhere)]),
    ...section('EXIT STATUS', [
      ...Object.values(exitCodes).flatMap(({ status, meaning }) => entry(String(status), sentence(meaning))),
      ...paragraph("A mover's own failure keeps its own status."),
    ]),
    ...section(
      'FILES',
      files.flatMap(([path, what]) => entry(path, sentence(what))),
    ),
    ...section('SEE ALSO', [
      '.BR virsh (1),',
      '.BR nsenter (1),',
      '.BR gdb (1),',
      '.BR mount_namespaces (7)',
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function synopsis(verb: Command, index: number): string[] {
  const line = `\\fBmigrate\\-guard ${roff(verb.name)}\\fR${tail(verb)}`;
  return index === 0 ? [line] : ['.br', line];
}

function tail({ words, options: own }: Command): string {
  const given = Object.keys(own).some((name) => !words.includes(`--${name}`)) ? ' [OPTION ...]' : '';
  return roff(`${words === '' ? '' : ` ${words}`}${given}`);
}

function describe(verb: Command): string[] {
  return [
    `.SS ${quoted(`${verb.name} ${verb.words}`.trim())}`,
    roff(sentence(verb.summary)),
    ...options(verb.options),
    '.PP',
    'Examples:',
    ...verb.examples.flatMap(([command, what]) => entry(command, what)),
  ];
}

export function whoTakes(verbs: readonly Command[]): string {
  const bare = verbs.filter(({ isBare }) => isBare).map(({ name }) => name);
  return `Every command takes these; ${bare.join(' and ')} only --help and --version.`;
}

function options(table: Readonly<Record<string, Option>>): string[] {
  return Object.entries(table).flatMap(([name, { value, help }]) =>
    entry(`--${name}`, sentence(help), value === undefined ? '' : ` ${value}`),
  );
}

/** A tagged paragraph: the tag in bold, what follows it upright. */
function entry(tag: string, text: string, after = ''): string[] {
  return ['.TP', `\\fB${roff(tag)}\\fR${roff(after)}`, roff(text)];
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${quoted(title)}`, ...lines];
}

function paragraph(text: string): string[] {
  return ['.PP', roff(text)];
}

export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(whole) ? whole : `${whole}.`;
}

/** An argument of a macro. */
function quoted(text: string): string {
  return `"${roff(text)}"`;
}

/** Characters that roff does not print unchanged; groff_char(7). */
const glyphs: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '…': '...',
  '\n': ' ',
};

/** One line of text, unchanged. A dot at its start would make it a request. */
export function roff(text: string): string {
  const escaped = text.replace(/[\\\-'"`^~…\n]|[^\0-\x7f]/gu, (letter) => glyphs[letter] ?? byNumber(letter));
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

function byNumber(letter: string): string {
  return `\\[u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}
