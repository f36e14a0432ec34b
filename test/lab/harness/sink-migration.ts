import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Domain } from './domain';
import { until } from './until';

interface SinkMigration {
  /** The last result of `query-migrate`; `undefined` if QEMU died. */
  readonly status: string | undefined;
  readonly errorDescription?: string;
  /** The text added to QEMU's log since the migration began. */
  readonly log: string;
}

interface MigrationInfo {
  readonly status?: string;
  readonly 'error-desc'?: string;
}

/**
 * Migrates a domain into a socket that discards the stream: without libvirt and without a destination. QEMU hands
 * over its disks exactly as in a real live migration. When the migration completes, the guest is stopped; QMP `cont`
 * resumes it. The socket has a name in the file system, because this process is in another network than QEMU.
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

/** @returns undefined if QEMU died of it */
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
