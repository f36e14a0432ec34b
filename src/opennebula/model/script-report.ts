import { info, warning } from './vm-log';

/** What one of our scripts has reported, without the marks of OpenNebula's logs. */
interface ScriptReport {
  readonly did: readonly string[];
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

const severities = { INFO: 'did', WARN: 'warnings', ERROR: 'errors' } as const;

/** Reads what a driver or TM script wrote to stderr (opennebula/model/vm-log.ts); the mover's output is left out. */
export function readLogReport(stderr: string, names: readonly string[]): ScriptReport {
  const found = { did: new Lines(names), warnings: new Lines(names), errors: new Lines(names) };
  for (const line of stderr.split('\n')) {
    const [, severity, what] = /^(INFO|WARN|ERROR): migrate-guard: (.*)$/.exec(line) ?? [];
    if (severity !== undefined && what !== undefined)
      found[severities[severity as keyof typeof severities]].add(what);
  }
  return { did: found.did.all, warnings: found.warnings.all, errors: found.errors.all };
}

/** Repeats the report, with each error as a warning, as `describe` words it. */
export function errorsAsWarnings(stderr: string, describe: (what: string) => string): string {
  const { did, warnings, errors } = readLogReport(stderr, []);
  return [...did.map(info), ...[...warnings, ...errors.map(describe)].map(warning)].join('');
}

/**
 * Reads a hook's output (opennebula/model/hook-log.ts). The last line of a success is its result, not something that
 * was done.
 */
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

  /** @param names of the VM, which each line starts with */
  constructor(private readonly names: readonly string[]) {}

  add(what: string): void {
    // The remedy is a separate line there.
    const before = what.startsWith('-> ') ? this.all.pop() : undefined;
    this.all.push(before === undefined ? this.withoutName(what) : `${before} ${what}`);
  }

  private withoutName(what: string): string {
    const name = this.names.find((one) => what.startsWith(`${one}: `));
    return name === undefined ? what : what.slice(name.length + 2);
  }
}
