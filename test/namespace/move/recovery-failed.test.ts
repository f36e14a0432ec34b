import { existsSync } from 'node:fs';
import { stateDirectory, useStage } from '../harness';
import { tellOf } from '../faults/failed-migration';
import { furnish } from '../faults/workflow';
import { guardedSave, type Guarded } from '../harness/fake-virsh';

// A mover that fails for another reason, and leaves a QEMU that may not have its disks. A fake `virsh` answers as
// libvirt and QEMU do.

const on = useStage();

beforeEach(async () => {
  furnish(on.stage);
  await on.startHealthy();
  tellOf(on.stage, 'none');
});

const complaint = '2024-03-05T10:00:00.000000Z qemu-system-x86_64: what nobody has heard of';

/** `status` of the guest after the mover has failed, and QEMU's answer to `cont`. */
function save(status: string, cont: object, under: readonly string[] = []): Promise<Guarded> {
  const fails = `echo '${complaint}' >>$log
    touch /mnt/failed
    echo 'error: the file is on the moon' >&2
    exit 17`;
  const before = `[ ! -e /mnt/failed ] || state=${status} migration='"status":"failed"'`;
  const configure = (yaml: string): string => `${yaml}migrate: { destination_deadline: 1 }\n`;
  return guardedSave(on.stage, { move: fails, before, cont }, { under, configure });
}

test('QEMU does not take its disks back: an operator is needed, and the mover’s message stays', async () => {
  const { exit, report } = await save('running', { error: { class: 'GenericError', desc: 'no such disk' } });
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.what).toMatch(
    /failed for another reason; not retried; QEMU was not reset: cont: [^]*no such disk/,
  );
  expect(report.output).toMatchObject({ exit: 17, stderr: 'error: the file is on the moon\n' });
});

test('QEMU must not get cont, because the guest that ran is paused: an operator is needed', async () => {
  const { exit, report } = await save('paused', { return: {} });
  expect([exit, report.result]).toEqual([4, 'person']);
  expect(report.what).toBe(
    'one-310 is paused here, not running as before the move; the mover failed for another reason; not retried',
  );
  expect(report.remedy).toBe('see virsh domstate --reason one-310, then virsh resume one-310');
  expect(report.attempts).toEqual([{ mover: 'virsh save', exit: 17, cause: 'other' }]);
});

test('libvirt resumes the guest after the mover has ended: the guard waits for it, and no operator is needed', async () => {
  const asked =
    'case "$*" in *domstate*) echo asked >>/mnt/asked; [ $(wc -l </mnt/asked) -ge 3 ] || state=paused ;; esac';
  const { exit, report } = await guardedSave(on.stage, { move: 'touch /mnt/failed; exit 17', before: asked });
  expect([exit, report.result]).toEqual([17, 'mover-failed']);
  expect(report.what).toBe('the mover failed for another reason; not retried');
  expect(on.stage.host.read('/mnt/asked')).toBe('asked\n'.repeat(3));
});

test('libvirt does not end its job, because libvirtd stays away: an operator is needed, in bounded time', async () => {
  const job = `sed -i "s|<namespaces>|<job type='none' async='save'/>&|" ${stateDirectory}/one-310.xml`;
  const configure = (yaml: string): string => `${yaml}migrate: { destination_deadline: 1 }\n`;
  const { exit, report } = await guardedSave(on.stage, { move: `${job}; exit 17` }, { configure });
  expect([exit, report.result, report.attempts]).toEqual([
    4,
    'person',
    [{ mover: 'virsh save', exit: 17, cause: 'other' }],
  ]);
  expect(report.what).toMatch(
    /^whether one-310 runs here as before the move is not known: libvirt did not end its job \(save\); /,
  );
});

test('QEMU takes its disks back: the mover’s own status, and nothing else', async () => {
  const { exit, report } = await save('running', { return: {} });
  expect([exit, report.result, report.blockState]).toEqual([17, 'mover-failed', 'healthy']);
  expect(report.what).toBe('the mover failed for another reason; not retried');
});

// If a child cannot start for lack of descriptors, Node gives it the pid 0, and a kill of that pid ends the caller's
// own process group.
test.each([20, 21, 22, 24, 25, 27, 28, 30, 33])(
  'no descriptors are left (%i): an error message, and the mover does not run',
  async (limit) => {
    const { exit, stderr, stdout } = await save('running', { return: {} }, ['prlimit', `--nofile=${limit}`]);
    expect(stderr + stdout).toMatch(/EMFILE|hold no more descriptors/);
    expect(stderr + stdout).not.toMatch(/\n +at /);
    expect([exit, existsSync(on.stage.host.path('/mnt/failed'))]).toEqual([2, false]);
  },
);
