import { setTimeout as pause } from 'node:timers/promises';
import type { Domain } from '../core/domain';
import type { Unknown } from '../core/facts';
import type { Objection } from '../core/reset-plan';
import type { Settings } from '../core/settings';
import { VirshSession } from '../system/virsh-session';

/** What runs or waits to run: a definition that is shut off owns no disk. */
export const listActive = 'list --uuid';
/** Milliseconds between two questions, each with an ssh connection of its own. */
const interval = 200;

/** The UUIDs of all domains that are active on another host. */
export async function listDomainsOn(host: string, { ssh }: Settings): Promise<string | Unknown> {
  const session = VirshSession.on(host, ssh.user, ssh.deadline);
  try {
    return await session.ask(listActive, ssh.deadline * 1000);
  } finally {
    session.end();
  }
}

/**
 * Why QEMU here may not take its disks back: two QEMUs must never own one disk. `undefined` when the destination
 * surely has no copy of the domain; it is given time to end one.
 */
export async function copyOnDestination(
  { uuid, name }: Domain,
  destination: string,
  settings: Settings,
): Promise<Objection | undefined> {
  const until = Date.now() + settings.migrate.destinationDeadline * 1000;
  for (;;) {
    const active = await listDomainsOn(destination, settings);
    if (typeof active !== 'string') {
      return {
        why: `nobody can tell whether ${destination} has a copy of ${name}: ${active.unknown}`,
        unknown: true,
      };
    }
    if (!active.includes(uuid)) return undefined;
    if (Date.now() > until) return { why: `${destination} still has a copy of ${name}` };
    await pause(interval);
  }
}
