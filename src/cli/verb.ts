import type { Settings } from '../core/settings';

export interface Option {
  readonly type: 'boolean' | 'string';
  readonly help: string;
  /** What stands for the value in the help: `--config FILE`. */
  readonly value?: string;
}

/** The words and options of one well-formed command line. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly value: (name: string) => string | undefined;
}

/** A form of command line, and what it does. */
export interface Form {
  readonly name: string;
  /** The words after the verb, as in the help; `…` marks one or more, `|` an alternative to all of them. */
  readonly words: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Takes not even what every other verb takes: it is open to others than root. */
  readonly isBare?: true;
  /** Gives the exit status. @throws GuardError for what the admin has to be told instead. */
  readonly run: (line: CommandLine, settings: Settings) => Promise<number>;
}

/** One verb of the command: its help stands beside what it does. */
export interface Verb extends Form {
  readonly summary: string;
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** Every verb takes these, unless it is bare. */
export const everyVerb: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print one JSON document on stdout, and nothing else there' },
  verbose: { type: 'boolean', help: 'say on stderr what is done' },
  config: {
    type: 'string',
    value: 'FILE',
    help: 'configuration to use instead of /etc/migrate-guard/config.yaml',
  },
};

/** All that a form takes, its own first. */
export function optionsOf({ options, isBare }: Pick<Form, 'options' | 'isBare'>): Form['options'] {
  return isBare ? options : { ...options, ...everyVerb };
}

export const allDomains: Option = { type: 'boolean', help: 'every domain that runs on this host' };

export const someHosts: Option = {
  type: 'string',
  value: 'A,B,…',
  help: 'only these hosts, by their names in OpenNebula',
};

/** The hosts that were named; `undefined` when none were, or all are meant. */
export function hostList(line: CommandLine): readonly string[] | undefined {
  const given = line.value('hosts');
  return given === undefined || given === 'all' ? undefined : [...new Set(given.split(','))];
}
