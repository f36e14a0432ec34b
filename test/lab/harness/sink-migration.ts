import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Domain } from './domain';
import { until } from './until';

interface SinkMigration {
  /** What `query-migrate` said last; `undefined` when QEMU died. */
  readonly status: string | undefined;
  readonly errorDescription?: string;
  /** What QEMU's log got since the migration began. */
  readonly log: string;
}

interface MigrationInfo {
  readonly status?: string;
  readonly 'error-desc'?: string;
}

/**
 * Migrates a domain into a socket that swallows the stream: past libvirt, and no destination is needed.
 *
 * QEMU gives up its disks exactly as in a real live migration. When it completes, the guest is stopped; QMP `cont` brings
 * it back. The socket has a name in the file system, since this process is in another network than QEMU.
 */
export async function migrateToSink(domain: Domain): Promise<SinkMigration> {
  const before = domain.log().length;
  const directory = mkdtempSync(domain.host.path('/run/migrate-guard-lab/sink-'));
  chmodSync(directory, 0o755);
  const sockets = new Set<Socket>();
  const server = await listen(join(directory, 'socket'), sockets);
  try {
    await domain.qmp('migrate-set-parameters', { 'max-bandwidth': 2 ** 40, 'downtime-limit': 2000 });
    const inside = directory.slice(domain.host.root.length);
    const info = await outcome(domain, `unix:${inside}/socket`);
    const description = info?.['error-desc'];
    return {
      status: info?.status,
      ...(description === undefined ? {} : { errorDescription: description }),
      log: domain.log().slice(before),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function listen(path: string, sockets: Set<Socket>): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    // A migration that fails resets the connection.
    socket.on('error', () => undefined).resume();
  });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o777);
  return server;
}

const ENDS = new Set(['completed', 'failed', 'cancelled']);

/** `undefined`: QEMU died of it. */
async function outcome(domain: Domain, uri: string): Promise<MigrationInfo | undefined> {
  try {
    await domain.qmp('migrate', { uri });
    return await until(
      async () => {
        const info = await domain.qmp<MigrationInfo>('query-migrate');
        return ENDS.has(info.status ?? '') && info;
      },
      {
        what: `the migration of ${domain.name} ends`,
        evidence: () => domain.qmp('query-migrate'),
      },
    );
  } catch (error) {
    await until(() => !domain.alive(), {
      what: `QEMU dies, as it answers no more (${String(error)})`,
    });
    return undefined;
  }
}
