import { readdirSync, readFileSync } from 'node:fs';
import { inject, record } from '../faults/syscall-trace';
import {
  Servant,
  giveToQemu,
  parseChecked,
  placeDisk,
  stateDirectory,
  statusXml,
  until,
  useStage,
  type Qemu,
} from '../harness';

const on = useStage();

const undecided = { exit: 2, verdict: 'undecided', plan: [], stderr: '' };

describe('a QEMU that does not run', () => {
  test('its process ended, and libvirt’s files remain', async () => {
    const { qemu } = await on.startHealthy();
    await qemu.servant.end();
    expect(await on.stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${qemu.pid} is gone`],
      findings: [{ remedy: "see virsh domstate one-310; libvirt's own files may be stale" }],
    });
  });

  test('its pid belongs to a process that is not a QEMU', async () => {
    const { disk, qemu } = await on.startHealthy();
    const { pid } = on.stage.servant;
    on.stage.writeStatus('one-310', statusXml({ name: 'one-310', uuid: qemu.uuid, pid, disks: [disk] }));
    expect(await on.stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${pid} is not the QEMU of one-310`],
    });
  });

  test('its pid belongs to the QEMU of another domain', async () => {
    const { disk, qemu } = await on.startHealthy();
    const other = await on.stage.startQemu({
      name: 'one-311',
      disks: [],
      prepare: (tree) => giveToQemu(tree, disk),
    });
    on.stage.writeStatus(
      'one-310',
      statusXml({ name: 'one-310', uuid: qemu.uuid, pid: other.pid, disks: [disk] }),
    );
    expect(await on.stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${other.pid} is not the QEMU of one-310`],
    });
  });

  test('it is a zombie, whose namespace no longer exists', async () => {
    const { qemu } = await on.startHealthy();
    const parent = await Servant.start('guest');
    try {
      const argv = ['-name', 'guest=one-310', '-uuid', qemu.uuid];
      const pid = Number(await parent.ask('leave-zombie', ...argv));
      on.stage.writeStatus('one-310', statusXml({ name: 'one-310', uuid: qemu.uuid, pid, disks: [] }));
      await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), {
        what: 'it is a zombie',
      });
      expect(await on.stage.check('310')).toMatchObject({
        ...undecided,
        troubles: [`domain unknown: process ${pid} is not the QEMU of one-310`],
      });
    } finally {
      await parent.end();
    }
  });

  test('the last check that it lives fails: what was read before makes nothing safe', async () => {
    const { qemu } = await on.startHealthy();
    const argv = ['check', '310', '--json', ...on.stage.configuration];
    const run: Parameters<typeof record>[1] = (under) => on.stage.run(argv, { under });
    const { calls } = await record('looks', run, stateDirectory);
    const last = calls.findLast(({ name, on: text }) => name === 'openat' && text.includes('/stat"'));
    if (!last) throw new Error('the process was not looked at');
    const hit = await inject('looks', last, { inject: 'error=EMFILE', lasting: false }, run);
    if (!hit) throw new Error('the fault met another call');
    expect(parseChecked(hit)).toMatchObject({
      ...undecided,
      troubles: [
        `domain unknown: process ${qemu.pid}, the QEMU of one-310, cannot be looked at again: EMFILE`,
      ],
    });
  });

  test('without a pid in the status XML, the pid file has it', async () => {
    const { disk, qemu } = await on.startHealthy();
    const text = statusXml({ name: 'one-310', uuid: qemu.uuid, pid: qemu.pid, disks: [disk] });
    on.stage.writeStatus('one-310', text.replace(` pid='${qemu.pid}'`, ''));
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    on.stage.host.remove(`${stateDirectory}/one-310.pid`);
    expect(await on.stage.check('310')).toMatchObject({
      ...undecided,
      troubles: ['domain unknown: libvirt gives no process of one-310'],
    });
  });

  test('it holds other files open than the XML names', async () => {
    const disk = await placeDisk(on.stage, on.volume(0));
    await on.stage.startQemu({ disks: [disk], holds: [], prepare: (tree) => giveToQemu(tree, disk) });
    expect(await on.stage.check('310')).toMatchObject({
      exit: 1,
      verdict: 'blocked',
      troubles: [
        `disk-device problem: the path leads to block device ${on.volume(0).rdev} in QEMU's mount namespace, but QEMU holds no such device or file open`,
      ],
    });
  });
});

describe('a domain that dies meanwhile', () => {
  test('gives a result each time, never a stack trace', async () => {
    const { qemu } = await on.startHealthy();
    const seen = new Set<string | undefined>();
    const checks = Array.from({ length: 12 }, async () => {
      const result = await on.stage.run(['check', '310', '--json', ...on.stage.configuration]);
      const { exit, verdict } = parseChecked(result);
      expect(`${result.stdout}${result.stderr}`).not.toMatch(/\n\s+at |unexpected error/);
      expect([exit, verdict]).toEqual(verdict === 'safe' ? [0, 'safe'] : [2, 'undecided']);
      seen.add(verdict);
      if (seen.size === 1 && verdict === 'safe') await qemu.servant.end();
    });
    await Promise.all(checks);
    expect((await on.stage.check('310')).verdict).toBe('undecided');
  });
});

describe('all domains of a host', () => {
  test('are sorted by their numbers, and the worst of them decides', async () => {
    const disk = await placeDisk(on.stage, on.volume(0));
    const prepare = (tree: Qemu['tree']): Promise<void> => giveToQemu(tree, disk);
    await on.stage.startQemu({ name: 'one-10', disks: [disk], prepare });
    const broken = await on.stage.startQemu({ name: 'one-9', disks: [disk], prepare });
    broken.tree.remove('/dev/storpool');
    const { exit, domains } = await on.stage.check('--all');
    expect(domains.map(({ domain, verdict }) => [domain, verdict])).toEqual([
      ['one-9', 'repairable'],
      ['one-10', 'safe'],
    ]);
    expect(exit).toBe(1);
  });

  test('no domain is not a problem', async () => {
    const { exit, stdout, stderr } = await on.stage.run(['check', '--all', ...on.stage.configuration]);
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: '',
      stderr: 'No domain runs on this host.\n',
    });
  });
});

describe('a check leaves nothing behind', () => {
  test('no file is created, changed or removed, neither on the host nor in the namespace', async () => {
    const { qemu } = await on.startHealthy();
    const list = (): string[] =>
      [on.stage.host, qemu.tree].map((tree) =>
        tree.inside('find', '/dev', '/mnt', '-printf', '%p %i %M %U:%G %T@ %C@ %l\n'),
      );
    const before = list();
    const openBefore = readdirSync(`/proc/${qemu.pid}/fd`);
    for (const words of [
      ['check', '310'],
      ['check', '--all', '--deep'],
      ['explain', '310'],
    ]) {
      await on.stage.run([...words, ...on.stage.configuration]);
    }
    expect(list()).toEqual(before);
    expect(readdirSync(`/proc/${qemu.pid}/fd`)).toEqual(openBefore);
  });

  test('a stage itself leaves no process', async () => {
    const { qemu } = await on.startHealthy();
    const extra = await Servant.start('guest', [], on.stage.servant.pid);
    await extra.end();
    const pids = [on.stage.servant.pid, qemu.pid, extra.pid];
    await on.stage.end();
    const running = (): string[] => readdirSync('/proc').filter((name) => pids.includes(Number(name)));
    await until(() => running().length === 0, { what: 'every process is gone', evidence: running });
  });
});
