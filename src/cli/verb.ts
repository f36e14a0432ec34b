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

/** One verb of the command: its help stands beside what it does. */
export interface Verb {
  readonly name: string;
  /** The words after the verb, as in the help; `…` marks one or more, `|` an alternative to all of them. */
  readonly words: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Gives the exit status. @throws GuardError for what the admin has to be told instead. */
  readonly run: (line: CommandLine, settings: Settings) => Promise<number>;
}

/** Every verb takes these. */
export const everyVerb: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', help: 'print one JSON document on stdout, and nothing else there' },
  verbose: { type: 'boolean', help: 'say on stderr what is done' },
  config: {
    type: 'string',
    value: 'FILE',
    help: 'configuration to use instead of /etc/migrate-guard/config.yaml',
  },
};

export const allDomains: Option = { type: 'boolean', help: 'every domain that runs on this host' };
