import { failureOf, type Failure } from '../../core/errors';
import { message } from '../../messages';
import { readVectors, type OnedValue } from './oned-conf';

/** Our driver scripts, by the action that they take over. */
export const guards = { migrate: 'migrate-guard', save: 'save-guard' } as const;
type Action = keyof typeof guards;
const actions = ['migrate', 'save'] as const satisfies readonly Action[];

/** The ARGUMENTS of the driver that KVM hosts use, by default the usual one; or why it cannot be determined. */
export function kvmArguments(text: string, driver = 'kvm'): OnedValue | Failure {
  const named = readVectors(text, 'VM_MAD').filter((vector) => vector.get('NAME')?.value === driver);
  const [vector, second] = named;
  if (!vector) return failureOf('problem', message('no-such-vm-mad', { driver }));
  if (second) return failureOf('problem', message('vm-mad-twice', { driver }));
  return vector.get('ARGUMENTS') ?? failureOf('problem', message('vm-mad-without-arguments', { driver }));
}

/** One of oned's VM drivers, as the file defines it. */
export interface VmMad {
  readonly name: string;
  readonly args: string;
}

export function vmMads(text: string): VmMad[] {
  return readVectors(text, 'VM_MAD').map((vector) => ({
    name: vector.get('NAME')?.value ?? '',
    args: vector.get('ARGUMENTS')?.value ?? '',
  }));
}

/** The names of all VM_MADs that select one of our drivers. */
export function guardedDrivers(text: string): VmMad[] {
  return vmMads(text).filter(({ args }) => hasAnyGuard(args));
}

/** Selects our drivers in the arguments; other selections stay. */
export function withGuards(args: string): string {
  const option = localOption(args);
  const ours = actions.map((action) => `${action}=${guards[action]}`);
  // A `-l` without a list would take the next option for its list.
  const prefix = /(?:^|\s)(?:-p?l|--local)\s*$/.test(args) ? '' : '-l ';
  if (!option) return `${args.trimEnd()} ${prefix}${ours.join(',')}`;
  const kept = option.list.split(',');
  const merged = kept.map(
    (entry) => ours[actions.findIndex((action) => action === actionOf(entry))] ?? entry,
  );
  const added = ours.filter((entry) => !merged.includes(entry));
  return put(args, option, [...merged, ...added].filter((entry) => entry !== '').join(','));
}

/** Removes our drivers from the arguments, and selects the scripts that they run in their place. */
export function withoutGuards(args: string, movers: Readonly<Record<Action, string>>): string {
  const option = localOption(args);
  if (!option) return args;
  const left = option.list.split(',').flatMap((entry) => {
    const action = actions.find((name) => actionOf(entry) === name && scriptIn(entry) === guards[name]);
    if (!action) return [entry];
    const [, script] = /^frontend:(.*)$/.exec(movers[action]) ?? [];
    return script === undefined ? [] : [`${action}=${script}`];
  });
  if (left.length > 0) return put(args, option, left.join(','));
  // After the last option is removed, the one before it counts.
  return withoutGuards(`${args.slice(0, option.start).trimEnd()}${args.slice(option.end)}`, movers);
}

export function hasGuards(args: string): boolean {
  return withGuards(args) === args;
}

export function hasAnyGuard(args: string): boolean {
  return actions.some((action) => scriptOf(args, action) === guards[action]);
}

/**
 * The present scripts of the actions, as the configuration names them (`opennebula.migrate`): scripts on the
 * front-end. An action that is not selected, or that is ours, is left out.
 */
export function earlierMovers(args: string): Partial<Record<Action, string>> | Failure {
  const movers: Partial<Record<Action, string>> = {};
  for (const action of actions) {
    const script = scriptOf(args, action);
    if (script === undefined || script === guards[action]) continue;
    if (!/^[A-Za-z0-9][\w.-]*$/.test(script)) {
      return failureOf(
        'problem',
        message('mover-not-a-plain-name', { action, script: JSON.stringify(script) }),
      );
    }
    movers[action] = `frontend:${script}`;
  }
  return movers;
}

/** `undefined` for the stock script on the host. An entry without a name is the stock script on the front-end. */
function scriptOf(args: string, action: Action): string | undefined {
  const entry = localOption(args)
    ?.list.split(',')
    .findLast((candidate) => actionOf(candidate) === action);
  return entry === undefined ? undefined : (scriptIn(entry) ?? action);
}

function scriptIn(entry: string): string | undefined {
  const cut = entry.indexOf('=');
  return cut < 0 ? undefined : entry.slice(cut + 1).trim();
}

function actionOf(entry: string): string {
  return entry.replace(/=.*/s, '').trim().toLowerCase();
}

interface LocalOption {
  /** Position of the whole option. */
  readonly start: number;
  readonly end: number;
  readonly list: string;
}

/** Reads `-l LIST` as GetoptLong of one_vmm_exec does: of several, the last one counts. */
function localOption(args: string): LocalOption | undefined {
  const [match] = [...args.matchAll(/(?<=^|\s)(?:-p?l\s*|--local(?:=|\s+))(\S+)/g)].slice(-1);
  if (!match) return undefined;
  return { start: match.index, end: match.index + match[0].length, list: match[1] ?? '' };
}

function put(args: string, { end, list }: LocalOption, changed: string): string {
  return `${args.slice(0, end - list.length)}${changed}${args.slice(end)}`;
}
