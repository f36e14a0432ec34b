import type { MessageRow } from './message';

/** Drivers, TM scripts and the probe (src/plugin, src/opennebula). */
export const plugin = {
  'guard-cannot-run': {
    text: 'the guard cannot run: {why}',
    short: 'the guard cannot run: {why}',
    cause: 'no Node or no agent on the host, sudo refuses, other releases, a mistake in the configuration',
    remedy: 'migrate-guard doctor --host {host}',
  },
  'cannot-go-on': {
    text: 'the guard cannot run, and what to run without it cannot be determined: {why}',
    short: 'the guard cannot run: its configuration cannot be used',
    cause: 'a mistake in the sections opennebula or policy: neither the mover nor the policy is guessed',
  },
  'mover-is-this-script': {
    text: 'opennebula.{action} names {mover}, which is this very script',
    short: 'the configured mover is migrate-guard itself',
    remedy: 'name the script that really moves, in /etc/migrate-guard/config.yaml',
  },
  'unguarded-done': {
    text: '{reason}; it was {done} without the guard',
    cause: 'the mover ran alone, and succeeded',
  },
  'unguarded-failed': {
    text: '{reason}; the mover ran without the guard, and failed',
    cause: 'the mover ran alone, and failed',
  },
  'mode-off': { text: 'MIGRATE_GUARD_MODE is off' },
  'mode-off-nothing-done': { text: 'MIGRATE_GUARD_MODE is off: nothing was done' },
  'mode-warn-done': {
    text: 'MIGRATE_GUARD_MODE is warn: it was {done}, and would have been refused: {reason}',
    cause: 'the guard found a reason to refuse, and the mover ran alone',
  },
  'mode-warn-failed': {
    text: 'MIGRATE_GUARD_MODE is warn: the mover ran, failed, and would have been refused: {reason}',
    cause: 'the same, and the mover failed',
  },
  'mode-lets-go': {
    text: 'MIGRATE_GUARD_MODE is {mode}: not vetoed, and would have been: {reason}',
    cause: 'premigrate found a reason to refuse',
  },
  'not-healed-afterwards': { text: 'it could not be healed after that: {why}' },
  'healing-ended': { text: 'after that: {reason}' },
  'tm-arguments': {
    text: 'SOURCE DESTINATION VM_DIRECTORY VM_ID DATASTORE_ID are needed; {count} arguments were given',
    short: 'a TM script of migrate-guard got too few arguments',
    remedy: 'OpenNebula or a datastore driver starts this script; see docs/opennebula.md',
  },
  'precheck-arguments': {
    text: 'one of {actions} is needed, and then all arguments of the script that asks',
    short: 'precheck of migrate-guard got too few arguments',
    remedy: 'see docs/opennebula.md for the line that calls it',
  },
  'vetoed-before': {
    text: 'nothing to do: {action} refused this migration, so nothing was moved',
    cause: 'OpenNebula from 7.4 on runs failmigrate after a veto, too',
  },
  'not-recorded': { text: 'what was done could not be recorded: {error}' },
  'plugin-error': {
    text: 'an unexpected error: {error}',
    short: 'an unexpected error in migrate-guard',
  },
} as const satisfies Readonly<Record<string, MessageRow>>;
