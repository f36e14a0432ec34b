import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { GuardError } from '../../../src/core/errors';
import { breakOff } from '../../../src/move/recover';
import type { MoveSession } from '../../../src/move/session';
import { aDomain } from '../../support/factories';

const { name, uuid } = aDomain();
let qemu: ChildProcess;

/** A process with QEMU's arguments. */
beforeEach(async () => {
  const script = "process.stdin.resume(); process.stdout.write('runs')";
  qemu = spawn(process.execPath, ['-e', script, '--', '-name', `guest=${name}`, '-uuid', uuid]);
  if (qemu.stdout) await once(qemu.stdout, 'data');
});

async function end(): Promise<void> {
  qemu.stdin?.end();
  if (qemu.exitCode === null) await once(qemu, 'exit');
}

afterEach(end);

function brokenOffAfterFailure(): ReturnType<typeof breakOff> {
  const session = {
    domain: aDomain({ pid: qemu.pid ?? 0 }),
    blockState: 'healthy',
  } as unknown as MoveSession;
  const error = new GuardError('undecided', 'no descriptors are left', 'raise the limit');
  return breakOff(session, { attempts: [{ attempt: { cause: 'other' } }], error } as never);
}

test('an internal error after an unrelated failure of the mover leaves the mover’s failure as the result', () =>
  expect(brokenOffAfterFailure()).toMatchObject({ result: 'mover-failed', remedy: 'raise the limit' }));

test('but a QEMU that has ended meanwhile needs an operator', async () => {
  await end();
  expect(brokenOffAfterFailure()).toMatchObject({ result: 'person', remedy: 'raise the limit' });
});
