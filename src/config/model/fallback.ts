import type { Settings } from '../settings';

/** The sections of the configuration that scripts need where Node is missing. */
export const fallbackSections = ['ssh', 'opennebula', 'policy'] as const;

/** The text of fallback.env, which remotes/migrate-guard/fallback.sh reads. `sum`: the SHA-256 of the configuration. */
export function fallbackText(sum: string | undefined, { ssh, opennebula, policy }: Settings): string {
  return `# What config.yaml says, for scripts where Node is missing. Written by install.sh, and by migrate-guard doctor as root.
CONFIG_SHA256=${sum ?? 'none'}
SSH_USER=${ssh.user}
OPENNEBULA_MIGRATE=${opennebula.migrate}
OPENNEBULA_SAVE=${opennebula.save}
POLICY_WHEN_GUARD_FAILS=${policy.whenGuardFails}
`;
}
