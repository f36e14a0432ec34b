import type { Unknown } from '../../core/unknown';

/** The variables of QEMU that are read, by the names of its sources (block/block-backend.c, softmmu/runstate.c, migration/migration.c). */
export const symbolNames = ['block_backends', 'current_run_state', 'current_migration'] as const;

/** The members that are read, by the names of QEMU's sources. */
export const memberNames = [
  'BlockBackend.link',
  'BlockBackend.root',
  'BlockBackend.name',
  'BlockBackend.dev',
  'BlockBackend.perm',
  'BlockBackend.shared_perm',
  'BlockBackend.disable_perm',
  'BdrvChild.bs',
  'BdrvChild.opaque',
  'BlockDriverState.open_flags',
  'BlockDriverState.node_name',
  'DeviceState.canonical_path',
  'MigrationState.state',
] as const;

type SymbolName = (typeof symbolNames)[number];
export type MemberName = (typeof memberNames)[number];

/** Where one build of QEMU keeps its block state: what its debug information says, and nothing of a process. */
export interface Layout {
  readonly version: 1;
  /** Of the ELF file, in hexadecimal: the key by which a build is recognised. */
  readonly buildId: string;
  /** Where it was read; for people only. */
  readonly binary: string;
  /** Addresses as linked: the load bias comes on top. */
  readonly symbols: Readonly<Record<SymbolName, number>>;
  /** Offsets in bytes from the beginning of the structure. */
  readonly members: Readonly<Record<MemberName, number>>;
  /** QEMU's enumerations, which differ per version: `running`, `failed` … at their numbers. */
  readonly runStates: readonly string[];
  readonly migrationStatuses: readonly string[];
}

const maxImageBytes = 2 ** 32;
/** BlockDriverState is the longest, with its four paths of 4 KiB each. */
const maxStructureBytes = 2 ** 16;

/** Reads a layout file strictly: whoever writes by these numbers has to trust every one of them. */
export function parseLayout(text: string): Layout | Unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { unknown: 'it is no JSON' };
  }
  return checkLayout(value);
}

/** The same for values that were never text. */
export function checkLayout(value: unknown): Layout | Unknown {
  const wrong =
    checkKeys(value, 'the layout', [
      'version',
      'buildId',
      'binary',
      'symbols',
      'members',
      'runStates',
      'migrationStatuses',
    ]) ?? checkValues(value as Readonly<Record<keyof Layout, unknown>>);
  return wrong === undefined ? (value as Layout) : { unknown: wrong };
}

function checkValues(layout: Readonly<Record<keyof Layout, unknown>>): string | undefined {
  if (layout.version !== 1) return 'its version is not 1';
  if (!isBuildId(layout.buildId)) return 'buildId is no build-id';
  if (typeof layout.binary !== 'string' || layout.binary.length > 4096) return 'binary is no path';
  return (
    checkKeys(layout.symbols, 'symbols', symbolNames) ??
    checkNumbers(layout.symbols as Layout['symbols'], maxImageBytes, 4) ??
    checkKeys(layout.members, 'members', memberNames) ??
    checkNumbers(layout.members as Layout['members'], maxStructureBytes, 1) ??
    checkNames(layout.runStates, 'runStates', ['running', 'paused', 'finish-migrate', 'postmigrate']) ??
    checkNames(layout.migrationStatuses, 'migrationStatuses', ['none', 'active', 'completed', 'failed'])
  );
}

export function isBuildId(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[0-9a-f]{2}){8,64}$/.test(value);
}

function checkKeys(value: unknown, what: string, wanted: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${what} is no object`;
  const missing = wanted.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return `${missing} is missing in ${what}`;
  const odd = Object.keys(value).find((key) => !wanted.includes(key));
  return odd === undefined ? undefined : `${odd.slice(0, 40)} is not known in ${what}`;
}

function checkNumbers(
  numbers: Readonly<Record<string, number>>,
  limit: number,
  alignment: number,
): string | undefined {
  for (const [name, number] of Object.entries(numbers)) {
    const isRight = Number.isInteger(number) && number >= 0 && number < limit && number % alignment === 0;
    if (!isRight) return `${name} is out of bounds`;
  }
  return undefined;
}

function checkNames(value: unknown, what: string, needed: readonly string[]): string | undefined {
  if (!Array.isArray(value) || value.length > 64) return `${what} is no list`;
  if (!value.every((name) => typeof name === 'string' && /^[a-z-]{1,40}$/.test(name))) {
    return `${what} holds something that is no name`;
  }
  const missing = needed.find((name) => !value.includes(name));
  if (missing !== undefined) return `${what} lacks ${missing}`;
  return new Set(value).size === value.length ? undefined : `${what} holds a name twice`;
}
