import { chmodSync } from 'node:fs';
import { findAccount } from '../../../src/os/passwd';
import { tellOf } from '../faults/failed-migration';
import { configuration, furnish } from '../faults/workflow';
import { bundleProgram, useStage, type Program } from '../harness';
import { placeVirsh } from '../harness/fake-virsh';
import { TerminalOf } from './terminal-of';
import { expectNothingStolen, expectUnmoved, notes, thief } from './thief';

/** Root starts a migration at a terminal; another user runs its mover and the connection to the destination. */

const on = useStage();
let program: Program;

beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.remove());

test('they get nothing of the terminal but the ssh agent, and it shows their output', async () => {
  const { host } = on.stage;
  furnish(on.stage);
  await on.startHealthy();
  tellOf(on.stage, 'none');
  host.directory(notes);
  chmodSync(host.path(notes), 0o1777);
  await host.node('/dev/tty', 'c', '5:0', { mode: 0o666 });
  host.file('/mnt/bin/mover', thief, { mode: 0o755 });
  host.file('/mnt/bin/connection', thief, { mode: 0o755 });
  placeVirsh(on.stage, { move: 'exec /mnt/bin/mover' });
  const ssh = '/mnt/bin/connection 2>&1 | cat >/dev/null; for command; do :; done; exec sh -c "$command"';
  host.file('/mnt/bin/ssh', `#!/bin/sh\n${ssh}\n`, { mode: 0o755 });
  host.file(configuration, `${host.read(configuration)}ssh: { user: nobody }\n`, { mode: 0o644 });
  const enter = [`--mount=/proc/${on.stage.servant.pid}/ns/mnt`, '--wdns=/'];
  const line = [program.file, 'migrate', 'one-310', 'kvm2', '--config', configuration];
  const path = `PATH=/mnt/bin:${process.env['PATH'] ?? ''}`;
  const { exit, shown } = await TerminalOf.root(enter, ['env', path, process.execPath, ...line]).ended;
  const nobody = findAccount('nobody')?.uid ?? 0;
  expectNothingStolen((path) => host.path(path), nobody, ['connection', 'mover'], ['SSH_AUTH_SOCK']);
  expectUnmoved(shown);
  expect(shown).toContain('\\x1b]0;stolen\\x07 \\x9bstolen\r\n');
  expect(exit).toBe(1);
});
