import type { MessageRow } from './message';

/** The command line, the configuration, files and programs (src/commands, src/cli, src/config, src/os). */
export const commands = {
  cancelling: { text: '{signal}: asking libvirt to end the job of {domain}' },
} as const satisfies Readonly<Record<string, MessageRow>>;
