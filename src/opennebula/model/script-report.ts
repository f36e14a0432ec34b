import { info, warning } from './vm-log';

/** What a script of ours has told, without the marks of OpenNebula's logs. */
export interface ScriptReport {
  readonly did: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

const severities = { INFO: 'did', WARN: 'warnings', ERROR: 'errors' } as const;

/** Of what a driver or TM script wrote to stderr (opennebula/model/vm-log.ts), whoever wrote it; a mover's words are left out. */
export function readLogReport(stderr: string, names: readonly string[]): ScriptReport {
  const said = { did: new Lines(names), warnings: new Lines(names), errors: new Lines(names) };
  for (const line of stderr.split('\n')) {
    const [, severity, what] = /^(INFO|WARN|ERROR): migrate-guard: (.*)$/.exec(line) ?? [];
    if (severity !== undefined && what !== undefined)
      said[severities[severity as keyof typeof severities]].add(what);
  }
  return { did: said.did.all, warnings: said.warnings.all, errors: said.errors.all };
}

/** The same told anew, with each error as a warning in the words of `say`. */
export function errorsAsWarnings(stderr: string, say: (what: string) => string): string {
  const { did, warnings, errors } = readLogReport(stderr, []);
  return [...did.map(info), ...[...warnings, ...errors.map(say)].map(warning)].join('');
}

/** Of what a hook printed (opennebula/model/hook-log.ts). What it says last of a success is how it ended, and no deed. */
export function readHookReport(
  stdout: string,
  stderr: string,
  isDone: boolean,
  names: readonly string[],
): ScriptReport {
  const [did, errors] = [new Lines(names), new Lines(names)];
  for (const line of stdout.split('\n').filter((one) => one !== '')) did.add(line);
  for (const line of stderr.split('\n').filter((one) => one !== ''))
    errors.add(line.replace(/^migrate-guard: /, '').trimStart());
  return { did: isDone ? did.all.slice(0, -1) : did.all, warnings: [], errors: errors.all };
}

class Lines {
  readonly all: string[] = [];

  /** @param names of the VM: every line is about it */
  constructor(private readonly names: readonly string[]) {}

  add(what: string): void {
    // The remedy is a line of its own there.
    const before = what.startsWith('-> ') ? this.all.pop() : undefined;
    this.all.push(before === undefined ? this.withoutName(what) : `${before} ${what}`);
  }

  private withoutName(what: string): string {
    const name = this.names.find((one) => what.startsWith(`${one}: `));
    return name === undefined ? what : what.slice(name.length + 2);
  }
}
