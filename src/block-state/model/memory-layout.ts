import type { Unknown } from '../../core/unknown';
import { textOf } from '../../messages';

/** The variables of QEMU that are read, by their names in its sources (block/block-backend.c, softmmu/runstate.c, migration/migration.c). */
export const symbolNames = ['block_backends', 'current_run_state', 'current_migration'] as const;

/** The members that are read, by their names in QEMU's sources. */
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

/** The addresses of the block state in one build of QEMU, from its debug information. */
export interface Layout {
  readonly version: 1;
  /** Of the ELF file, in hexadecimal; it identifies the build. */
  readonly buildId: string;
  /** The file it was read from; for information only. */
  readonly binary: string;
  /** Addresses as linked: the load bias is added to them. */
  readonly symbols: Readonly<Record<SymbolName, number>>;
  /** Offsets in bytes from the start of the structure. */
  readonly members: Readonly<Record<MemberName, number>>;
  /** QEMU's enumerations, which differ between releases: `running`, `failed` … at their numbers. */
  readonly runStates: readonly string[];
  readonly migrationStatuses: readonly string[];
}

const maxImageBytes = 2 ** 32;
/** BlockDriverState is the longest, with its four paths of 4 KiB each. */
const maxStructureBytes = 2 ** 16;

/** Reads a layout file strictly: root writes into QEMU's memory by these numbers. */
export function parseLayout(text: string): Layout | Unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { unknown: textOf('layout-not-json') };
  }
  return checkLayout(value);
}

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
  if (layout.version !== 1) return textOf('layout-version');
  if (!isBuildId(layout.buildId)) return textOf('layout-build-id');
  if (typeof layout.binary !== 'string' || layout.binary.length > 4096) return textOf('layout-binary');
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

function checkKeys(value: unknown, part: string, wanted: readonly string[]): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return textOf('layout-not-object', { part });
  const missing = wanted.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) return textOf('layout-key-missing', { key: missing, part });
  const foreign = Object.keys(value).find((key) => !wanted.includes(key));
  return foreign === undefined
    ? undefined
    : textOf('layout-key-unknown', { key: foreign.slice(0, 40), part });
}

function checkNumbers(
  numbers: Readonly<Record<string, number>>,
  limit: number,
  alignment: number,
): string | undefined {
  for (const [name, number] of Object.entries(numbers)) {
    const isRight = Number.isInteger(number) && number >= 0 && number < limit && number % alignment === 0;
    if (!isRight) return textOf('layout-number', { name });
  }
  return undefined;
}

function checkNames(value: unknown, part: string, needed: readonly string[]): string | undefined {
  if (!Array.isArray(value) || value.length > 64) return textOf('layout-not-list', { part });
  if (!value.every((name) => typeof name === 'string' && /^[a-z-]{1,40}$/.test(name))) {
    return textOf('layout-name', { part });
  }
  const missing = needed.find((name) => !value.includes(name));
  if (missing !== undefined) return textOf('layout-name-missing', { part, name: missing });
  return new Set(value).size === value.length ? undefined : textOf('layout-name-twice', { part });
}
