import type { Domain } from './domain';

export interface LiveMigration {
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly stderr: string;
  /** The previous length of the source QEMU's log, and the text added since. */
  readonly logged: number;
  readonly log: string;
}

/**
 * Migrates as oneadmin, with the command line of OpenNebula's `kvm/migrate`, where the deploy id is the domain's
 * UUID.
 * @param options the MIGRATE_OPTIONS of its kvmrc, which are empty as shipped
 */
export async function migrateLive(
  domain: Domain,
  destination: string,
  options: readonly string[] = [],
): Promise<LiveMigration> {
  const logged = domain.log().length;
  const argv = [
    ...(['virsh', '--connect', 'qemu:///system', 'migrate', '--live'] as const),
    ...options,
    domain.uuid,
    `qemu+ssh://${destination}/system`,
  ] as const;
  const { exit, stderr } = await domain.host.run(argv, { as: 'oneadmin' });
  return { argv, exit, stderr, logged, log: domain.log().slice(logged) };
}
