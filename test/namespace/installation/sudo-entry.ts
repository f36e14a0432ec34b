import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandResult } from '../../../src/os/run-command';
import { statusXml } from '../harness';
import type { Package } from './package';
import { PrivateMachine } from './private-machine';

export const program = '/usr/lib/migrate-guard/migrate-guard';
/** The only command that the sudoers file allows to OpenNebula's user. */
export const door = ['sudo', '-n', program, 'host'] as const;
/** A successful attack creates this file. */
export const pwned = '/mnt/pwned';

export const { version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as {
  version: string;
};

/** A domain that OpenNebula has not deployed. */
export const theirs = { name: 'theirs', uuid: '0f0f0f0f-0000-4000-8000-00000000abcd' } as const;

/** A machine on which the agent is installed. */
export async function startHost(source: Package): Promise<PrivateMachine> {
  const machine = await PrivateMachine.start();
  const installed = await machine.root([source.file('install.sh'), 'host']);
  expect(installed).toMatchObject({ exit: 0, stderr: '' });
  machine.write('/run/libvirt/qemu/theirs.xml', statusXml({ ...theirs, pid: 1, disks: [] }));
  return machine;
}

/** Sends these lines as OpenNebula's user. */
export function knock(
  machine: PrivateMachine,
  lines: readonly string[],
  argv: readonly string[] = door,
  variables: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return machine.oneadmin(argv, variables, { input: lines.map((line) => `${line}\n`).join('') });
}

export function request(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ version, action: 'state', ...fields });
}

export function isThere(machine: PrivateMachine, path: string): boolean {
  return lstatSync(machine.path(path), { throwIfNoEntry: false }) !== undefined;
}
