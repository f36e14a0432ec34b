import { giveToQemu, placeDisk, Stage, Volume, type Qemu } from '../namespace/harness';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

let built: Built;
let volume: Volume;
let stage: Stage;
let qemu: Qemu;

beforeAll(async () => {
  built = await buildAlone();
  volume = await Volume.create();
  stage = await Stage.start(built.file);
  const disk = await placeDisk(stage, volume);
  qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
});

afterAll(async () => {
  await ifMade(stage, (made) => made.end());
  ifMade(volume, (made) => made.release());
  ifMade(built, (made) => made.remove());
});

test('check finds a domain safe, with a configuration in YAML', async () => {
  expect(await stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe', stderr: '' });
});

test('--verbose logs to stderr, as JSON lines; stdout contains only the document', async () => {
  const { exit, stdout, stderr } = await stage.run([
    'check',
    '310',
    '--deep',
    '--verbose',
    '--json',
    ...stage.configuration,
  ]);
  expect(exit).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ domains: [{ domain: 'one-310', pid: qemu.pid }] });
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { message: string; argv?: string[] });
  expect(lines.map(({ message }) => message)).toContain('asked virsh');
  expect(lines.find(({ argv }) => argv?.[0] === 'setpriv')).toMatchObject({ message: 'started a command' });
});
