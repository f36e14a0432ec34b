import type { Settings } from '../config/settings';

export const purpose = 'Keeps live migrations from failing when disk paths changed behind a running QEMU.';

export interface Option {
  readonly help: string;
  /** What stands for the value in the help: `--config FILE`. A flag has none. */
  readonly value?: string;
  /** All values that there are. */
  readonly choices?: readonly string[];
}

/** A word of the command line: one of these, or a name of that kind. */
export type Word = readonly string[] | 'domain' | 'file' | 'host';

/** The number of words of a verb, and their kinds; the last of `each` is that of all that follow. */
interface Words {
  readonly least: number;
  readonly most: number;
  readonly each: readonly Word[];
}

/** The words and options of a valid command line. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly value: (name: string) => string | undefined;
}

/** A verb of the command, with its help. */
export interface Command {
  readonly name: string;
  /** The words after the verb, as in the help; `…` marks one or more, `|` an alternative to all of them. */
  readonly words: string;
  /** A verb with the option `all` takes either words or that option. */
  readonly takes: Words;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Accepts no global options, and reads no configuration: sudo may start it for an unprivileged user. */
  readonly isBare?: true;
  /** @returns the exit status @throws GuardError, which is printed */
  readonly run: (line: CommandLine, settings: Settings) => Promise<number>;
}

/** The global options, of every verb that is not bare. */
export const everyVerb: Readonly<Record<string, Option>> = {
  json: { help: 'print one JSON document on stdout, and nothing else there' },
  verbose: { help: 'log on stderr what is done' },
  config: { value: 'FILE', help: 'configuration to use instead of /etc/migrate-guard/config.yaml' },
};

/** All options of a verb, its own first. */
export function optionsOf({ options, isBare }: Pick<Command, 'options' | 'isBare'>): Command['options'] {
  return isBare ? options : { ...options, ...everyVerb };
}

/** The kind of the word at this position, counted from 0. */
export function wordAt({ takes: { each, most } }: Pick<Command, 'takes'>, index: number): Word | undefined {
  return index < most ? each[Math.min(index, each.length - 1)] : undefined;
}

export const noWords: Words = { least: 0, most: 0, each: [] };

export const oneDomain: Words = { least: 1, most: 1, each: ['domain'] };

export const someDomains: Words = { least: 1, most: Infinity, each: ['domain'] };

export const allDomains: Option = { help: 'every running domain of this host' };

export const someHosts: Option = { value: 'A,B,…', help: 'only these hosts, by their names in OpenNebula' };

/** The hosts of `--hosts`; `undefined` for all hosts. */
export function hostList(line: CommandLine): readonly string[] | undefined {
  const given = line.value('hosts');
  return given === undefined || given === 'all' ? undefined : [...new Set(given.split(','))];
}
