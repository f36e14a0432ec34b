import type { Domain } from './domain';

export interface LiveMigrationOptions {
  /** Default: `oneadmin`, as OpenNebula does it. */
  readonly as?: string;
  /** What OpenNebula's kvmrc has as MIGRATE_OPTIONS; it ships with none. */
  readonly options?: readonly string[];
  /** Milliseconds until virsh is killed. */
  readonly deadline?: number;
}

export interface LiveMigration {
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
  /** How long the source QEMU's log was before, and what it got since. */
  readonly logged: number;
  readonly log: string;
}

/** Migrates with the command line of OpenNebula's `kvm/migrate`, where the deploy id is the domain's UUID. */
export async function migrateLive(
  domain: Domain,
  destination: string,
  { as = 'oneadmin', options = [], deadline = 60_000 }: LiveMigrationOptions = {},
): Promise<LiveMigration> {
  const logged = domain.log().length;
  const argv = [
    ...(['virsh', '--connect', 'qemu:///system', 'migrate', '--live'] as const),
    ...options,
    domain.uuid,
    `qemu+ssh://${destination}/system`,
  ] as const;
  const started = performance.now();
  const { exit, timedOut, stdout, stderr } = await domain.host.run(argv, { as, deadline });
  const milliseconds = Math.round(performance.now() - started);
  return { argv, exit, timedOut, stdout, stderr, milliseconds, logged, log: domain.log().slice(logged) };
}
