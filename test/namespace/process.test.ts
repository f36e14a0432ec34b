import { readdirSync, readFileSync } from 'node:fs';
import {
  bundleProgram,
  giveToQemu,
  parseChecked,
  placeDisk,
  Servant,
  Stage,
  stateDirectory,
  statusXml,
  until,
  Volume,
  type PlacedDisk,
  type Program,
  type Qemu,
} from './harness';

let program: Program;
let volume: Volume;
let stage: Stage;

beforeAll(async () => {
  program = await bundleProgram();
  volume = await Volume.create();
});

afterAll(() => {
  program.remove();
  volume.release();
});

beforeEach(async () => {
  stage = await Stage.start(program.file);
});

afterEach(() => stage.end());

async function startHealthy(name = 'one-310'): Promise<{ disk: PlacedDisk; qemu: Qemu }> {
  const disk = await placeDisk(stage, volume);
  return {
    disk,
    qemu: await stage.startQemu({ name, disks: [disk], prepare: (tree) => giveToQemu(tree, disk) }),
  };
}

const undecided = { exit: 2, verdict: 'undecided', plan: [], stderr: '' };

describe('a QEMU that is not there', () => {
  test('its process ended, libvirt’s files stayed', async () => {
    const { qemu } = await startHealthy();
    await qemu.servant.end();
    expect(await stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${qemu.pid} is gone`],
      findings: [{ remedy: "see virsh domstate one-310; libvirt's own files may be stale" }],
    });
  });

  test('its pid belongs to a process that is no QEMU', async () => {
    const { disk, qemu } = await startHealthy();
    const { pid } = stage.servant;
    stage.writeStatus('one-310', statusXml({ name: 'one-310', uuid: qemu.uuid, pid, disks: [disk] }));
    expect(await stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${pid} is not the QEMU of one-310`],
    });
  });

  test('its pid belongs to the QEMU of another domain', async () => {
    const { disk, qemu } = await startHealthy();
    const other = await stage.startQemu({
      name: 'one-311',
      disks: [],
      prepare: (tree) => giveToQemu(tree, disk),
    });
    stage.writeStatus(
      'one-310',
      statusXml({ name: 'one-310', uuid: qemu.uuid, pid: other.pid, disks: [disk] }),
    );
    expect(await stage.check('310')).toMatchObject({
      ...undecided,
      troubles: [`domain unknown: process ${other.pid} is not the QEMU of one-310`],
    });
  });

  test('it is a zombie, whose namespace is taken apart', async () => {
    const { qemu } = await startHealthy();
    const parent = await Servant.start('guest');
    try {
      const argv = ['-name', 'guest=one-310', '-uuid', qemu.uuid];
      const pid = Number(await parent.ask('leave-zombie', ...argv));
      stage.writeStatus('one-310', statusXml({ name: 'one-310', uuid: qemu.uuid, pid, disks: [] }));
      await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), {
        what: 'it is a zombie',
      });
      expect(await stage.check('310')).toMatchObject({
        ...undecided,
        troubles: [`domain unknown: process ${pid} is not the QEMU of one-310`],
      });
    } finally {
      await parent.end();
    }
  });

  test('without a pid in the status XML, the pid file tells', async () => {
    const { disk, qemu } = await startHealthy();
    const text = statusXml({ name: 'one-310', uuid: qemu.uuid, pid: qemu.pid, disks: [disk] });
    stage.writeStatus('one-310', text.replace(` pid='${qemu.pid}'`, ''));
    expect(await stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    stage.host.remove(`${stateDirectory}/one-310.pid`);
    expect(await stage.check('310')).toMatchObject({
      ...undecided,
      troubles: ['domain unknown: libvirt tells no process of one-310'],
    });
  });

  test('what it holds open is not what the XML names', async () => {
    const disk = await placeDisk(stage, volume);
    await stage.startQemu({ disks: [disk], holds: [], prepare: (tree) => giveToQemu(tree, disk) });
    expect(await stage.check('310')).toMatchObject({
      exit: 1,
      verdict: 'blocked',
      troubles: [
        `disk-device problem: the path leads to block device ${volume.rdev} in QEMU's mount namespace, but QEMU holds no such device or file open`,
      ],
    });
  });
});

describe('a domain that dies meanwhile', () => {
  test('gives an answer each time, never a stack', async () => {
    const { qemu } = await startHealthy();
    const seen = new Set<string | undefined>();
    const checks = Array.from({ length: 12 }, async () => {
      const result = await stage.run(['check', '310', '--json', ...stage.configuration]);
      const { exit, verdict } = parseChecked(result);
      expect(`${result.stdout}${result.stderr}`).not.toMatch(/\n\s+at |unexpected error/);
      expect([exit, verdict]).toEqual(verdict === 'safe' ? [0, 'safe'] : [2, 'undecided']);
      seen.add(verdict);
      if (seen.size === 1 && verdict === 'safe') await qemu.servant.end();
    });
    await Promise.all(checks);
    expect((await stage.check('310')).verdict).toBe('undecided');
  });
});

describe('names', () => {
  test.each([
    ['with blanks', 'a domain  of mine'],
    ['with quotes and a semicolon', `it's "one"; reboot`],
    ['of UTF-8', 'höst-日本-😀'],
    ['with a comma', 'a,b'],
    ['with a comma at the end', 'a,'],
    ['with an equals sign and an option', 'x,debug-threads=on'],
    ['that begins with a dash', '-x'],
    ['of 251 bytes, the longest that libvirt can store', 'n'.repeat(251)],
  ])('%s', async (_, name) => {
    await startHealthy(name);
    const words = name.startsWith('-') ? ['--all'] : [name];
    const checked = await stage.check(...words);
    expect(checked).toMatchObject({ exit: 0, verdict: 'safe', domains: [{ domain: name }] });
  });

  test.each([
    ['blanks and quotes', `/dev/a b/it's "x"`],
    ['a newline and a tab', '/dev/line\nbreak/\ttab'],
    ['UTF-8', '/dev/höst/日本😀'],
    ['255 bytes', `/dev/${'n'.repeat(255)}`],
    ['what a terminal would obey', '/dev/\x1b[31mred'],
    ['a backslash and a percent sign', '/dev/a\\b%s'],
  ])('a link with %s in its name', async (_, link) => {
    const disk = await placeDisk(stage, volume);
    stage.host.remove(disk.path);
    stage.host.link(disk.path, link);
    stage.host.link(link, disk.node);
    const qemu = await stage.startQemu({
      disks: [disk],
      prepare: async (tree) => {
        await giveToQemu(tree, disk);
        tree.link(link, disk.node);
      },
    });
    expect(await stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    qemu.tree.remove(link);
    const { verdict, plan } = await stage.check('310');
    expect({ verdict, plan }).toMatchObject({
      verdict: 'repairable',
      plan: [{ step: 'make-symlink', path: link }],
    });
    const { stdout } = await stage.run(['check', '310', ...stage.configuration]);
    // eslint-disable-next-line no-control-regex -- control characters are what must not arrive
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f]/);
  });
});

describe('all domains of a host', () => {
  test('come in the order of their numbers, and the worst of them decides', async () => {
    const disk = await placeDisk(stage, volume);
    const prepare = (tree: Qemu['tree']): Promise<void> => giveToQemu(tree, disk);
    await stage.startQemu({ name: 'one-10', disks: [disk], prepare });
    const broken = await stage.startQemu({ name: 'one-9', disks: [disk], prepare });
    broken.tree.remove('/dev/storpool');
    const { exit, domains } = await stage.check('--all');
    expect(domains.map(({ domain, verdict }) => [domain, verdict])).toEqual([
      ['one-9', 'repairable'],
      ['one-10', 'safe'],
    ]);
    expect(exit).toBe(1);
  });

  test('none is no problem', async () => {
    const { exit, stdout, stderr } = await stage.run(['check', '--all', ...stage.configuration]);
    expect({ exit, stdout, stderr }).toEqual({
      exit: 0,
      stdout: '',
      stderr: 'No domain runs on this host.\n',
    });
  });
});

describe('a look leaves nothing behind', () => {
  test('no file is made, changed or removed, neither on the host nor in the namespace', async () => {
    const { qemu } = await startHealthy();
    const list = (): string[] =>
      [stage.host, qemu.tree].map((tree) =>
        tree.inside('find', '/dev', '/mnt', '-printf', '%p %i %M %U:%G %T@ %C@ %l\n'),
      );
    const before = list();
    const openBefore = readdirSync(`/proc/${qemu.pid}/fd`);
    for (const words of [
      ['check', '310'],
      ['check', '--all', '--deep'],
      ['explain', '310'],
    ]) {
      await stage.run([...words, ...stage.configuration]);
    }
    expect(list()).toEqual(before);
    expect(readdirSync(`/proc/${qemu.pid}/fd`)).toEqual(openBefore);
  });

  test('a stage itself leaves no process', async () => {
    const { qemu } = await startHealthy();
    const extra = await Servant.start('guest', [], stage.servant.pid);
    await extra.end();
    const pids = [stage.servant.pid, qemu.pid, extra.pid];
    await stage.end();
    const running = (): string[] => readdirSync('/proc').filter((name) => pids.includes(Number(name)));
    await until(() => running().length === 0, { what: 'every process is gone', evidence: running });
  });
});
