import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Domain, until } from '../../lab/harness';

/** A migration that is in progress until it is cancelled. */
interface Lasting {
  cancel(): Promise<void>;
  /** Waits until the migration has failed without intervention. */
  failed(): Promise<void>;
}

/**
 * Starts a migration that never ends, or that stops right before QEMU hands over the disks. `postcopy`: it can switch
 * to post-copy.
 */
export async function lastingMigration(
  domain: Domain,
  phase: 'active' | 'pre-switchover',
  postcopy = false,
): Promise<Lasting> {
  const directory = mkdtempSync(domain.host.path('/run/migrate-guard-lab/lasting-'));
  chmodSync(directory, 0o755);
  const socket = join(directory, 'socket');
  const sockets = new Set<Socket>();
  const server = createServer((peer) => {
    sockets.add(peer);
    peer
      .on('error', () => undefined)
      .resume()
      .unref();
  });
  server.listen(socket).unref();
  await once(server, 'listening');
  chmodSync(socket, 0o777);
  const pauses = phase === 'pre-switchover';
  const capabilities = [
    { capability: 'pause-before-switchover', state: pauses },
    { capability: 'postcopy-ram', state: postcopy },
  ];
  await domain.qmp('migrate-set-capabilities', { capabilities });
  await domain.qmp('migrate-set-parameters', { 'max-bandwidth': pauses ? 2 ** 40 : 1000 });
  await domain.qmp('migrate', { uri: `unix:${socket.slice(domain.host.root.length)}` });
  const status = async (): Promise<string | undefined> =>
    (await domain.qmp<{ status?: string }>('query-migrate')).status;
  await until(async () => (await status()) === phase, { what: `the migration is ${phase}` });
  const ended = async (how: string): Promise<void> => {
    await until(async () => (await status()) === how, { what: `the migration is ${how}` });
    await domain.qmp('migrate-set-capabilities', {
      capabilities: capabilities.map(({ capability }) => ({ capability, state: false })),
    });
    for (const peer of sockets) peer.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    cancel: async () => {
      await domain.qmp('migrate_cancel');
      await ended('cancelled');
    },
    failed: () => ended('failed'),
  };
}
