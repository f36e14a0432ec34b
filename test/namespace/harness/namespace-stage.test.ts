import { statSync } from 'node:fs';
import { useStage } from '.';

const on = useStage();

test('a stage has a private /run: a VM is locked on its own host, and nowhere else', async () => {
  expect(statSync(on.stage.host.path('/run')).dev).not.toBe(statSync('/run').dev);
  await on.startHealthy();
  expect((await on.stage.run(['repair', '310', ...on.stage.configuration])).exit).toBe(0);
  expect(on.stage.host.inside('ls', '/run/migrate-guard')).toBe('one-310.lock\n');
});
