import { once } from 'node:events';
import { createReadStream, writeFileSync } from 'node:fs';
import { versionNumber } from '../../../src/cli/version';
import type { CommandResult } from '../../../src/os/run-command';
import { useStage } from '../harness';
import { tellOf } from '../faults/failed-migration';
import { furnish, furnishHostHalf, waitForVirsh } from '../faults/workflow';

// The front-end requests `reset` from the agent while another reset runs. A fake `virsh` answers as QEMU does, and
// delays its answer to `cont`.

const on = useStage();

beforeEach(async () => {
  furnish(on.stage);
  await on.startHealthy();
  tellOf(on.stage, 'failed');
  furnishHostHalf(on.stage);
  waitForVirsh(on.stage, '/etc/migrate-guard/config.yaml');
  await on.stage.host.node('/mnt/told', 'p');
  await on.stage.host.node('/mnt/go', 'p');
  const answers = on.stage.host.read('/mnt/bin/virsh').replace('#!/bin/sh\n', '');
  const slow = `case "$*" in *'"cont"'*) echo cont >>/mnt/orders; echo x >/mnt/told; read go </mnt/go ;; esac`;
  on.stage.host.file('/mnt/bin/virsh', `#!/bin/sh\n${slow}\n${answers}`, { mode: 0o755 });
});

function ask(fields: object): Promise<CommandResult> {
  const input = `${JSON.stringify({ version: versionNumber, action: 'reset', domain: 'one-310', ...fields })}\n`;
  return on.stage.run(['host'], { input, env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` } });
}

function endOf({ exit, stdout }: CommandResult): object {
  return { exit, ...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as object) };
}

function kindsOf({ stdout }: CommandResult): string[] {
  const kinds = stdout.split('\n').filter((line) => line !== '');
  return kinds.map((line) => (JSON.parse(line) as { kind: string }).kind);
}

test('of two resets of one VM, the second reports that the first is running; a dry run checks nevertheless', async () => {
  const first = ask({ dryRun: false });
  await once(createReadStream(on.stage.host.path('/mnt/told')), 'data');
  const [second, dry] = await Promise.all([ask({ dryRun: false }), ask({ dryRun: true })]);
  expect(endOf(second)).toMatchObject({ kind: 'end', exit: 5, result: 'busy' });
  expect(endOf(dry)).toMatchObject({ kind: 'end', exit: 0, result: 'planned' });
  writeFileSync(on.stage.host.path('/mnt/go'), 'go\n');
  expect(endOf(await first)).toMatchObject({ kind: 'end', exit: 0, result: 'healed', domain: 'one-310' });
  // If the connection ends after `begins`, the front-end must not proceed without the agent.
  expect(kindsOf(await first).slice(0, 3)).toEqual(['hello', 'begins', 'did']);
  expect(kindsOf(dry)).not.toContain('begins');
  expect(endOf(await ask({ dryRun: false }))).toMatchObject({ exit: 0, result: 'healthy' });
  expect(on.stage.host.read('/mnt/orders')).toBe('cont\n');
});
