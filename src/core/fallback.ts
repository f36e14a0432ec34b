import type { Settings } from './settings';

/** The sections of the configuration of which scripts have to know something where Node is missing. */
export const fallbackSections = ['ssh', 'opennebula', 'policy'] as const;

/**
 * The text of fallback.env, which remotes/migrate-guard/fallback.sh reads. A section that is not right in the configuration
 * is left out, and then nobody guesses it. `sum`: the SHA-256 of that configuration.
 */
export function fallbackText(
  sum: string | undefined,
  { ssh, opennebula, policy }: Pick<Partial<Settings>, (typeof fallbackSections)[number]>,
): string {
  const lines = [
    '# What config.yaml says, for scripts where Node is missing. Written by install.sh, and by migrate-guard doctor as root.',
    `CONFIG_SHA256=${sum ?? 'none'}`,
    ssh && `SSH_USER=${ssh.user}`,
    opennebula && `OPENNEBULA_MIGRATE=${opennebula.migrate}`,
    opennebula && `OPENNEBULA_SAVE=${opennebula.save}`,
    policy && `POLICY_WHEN_GUARD_FAILS=${policy.whenGuardFails}`,
  ];
  return lines.flatMap((line) => (line === undefined ? [] : [`${line}\n`])).join('');
}
