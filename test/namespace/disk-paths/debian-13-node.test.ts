import { buildAlone, type Built } from '../../bundle/build-once';
import { tellOf } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import {
  debian,
  giveToQemu,
  parseChecked,
  placeDisk,
  Stage,
  Volume,
  type PlacedDisk,
  type Qemu,
  type Release,
} from '../harness';
import { version } from '../installation/sudo-entry';
import { guardedSave } from '../harness/fake-virsh';

// Debian 13's own Node refuses to change its credentials (it is built with io_uring; CVE-2024-22017). The installed
// programs must work with it.

let built: Built;
let release: Release;
let volume: Volume;
let stage: Stage;
let disk: PlacedDisk;
let qemu: Qemu;

beforeAll(async () => {
  built = await buildAlone();
  release = await debian('trixie', built.file);
  volume = await Volume.create();
});
afterAll(() => {
  built.remove();
  volume.release();
});
beforeEach(async () => {
  stage = await Stage.start(built.file, release);
  furnish(stage);
  disk = await placeDisk(stage, volume);
  qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
  tellOf(stage, 'none');
});
afterEach(() => stage.end());

async function run(...words: readonly string[]): ReturnType<Stage['run']> {
  const env = { PATH: '/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  return stage.run([...words, '--json', '--config', configuration], { env });
}

test('it is Debian 13 with its own Node', () => {
  expect(stage.host.inside('cat', '/etc/debian_version')).toMatch(/^13\./);
  expect(stage.host.inside('/usr/bin/node', '--version')).toMatch(/^v20\./);
  const become = 'try { process.seteuid(9869) } catch (error) { console.log(error.code) }';
  expect(stage.host.inside('/usr/bin/node', '--eval', become)).toBe('ERR_INVALID_STATE\n');
});

test.each([
  ['check', ['check', '310']],
  ['explain', ['explain', '310']],
  ['repair, with nothing to do', ['repair', '310']],
])('%s: safe', async (_, words) => {
  expect(parseChecked(await run(...words))).toMatchObject({
    exit: 0,
    stderr: '',
    verdict: 'safe',
    troubles: [],
  });
});

test('check --deep opens each disk as QEMU’s user', async () => {
  const { findings, stderr } = parseChecked(await run('check', '310', '--deep'));
  expect(stderr).toBe('');
  expect(findings).toContainEqual(expect.objectContaining({ check: 'disk-access', state: 'ok' }));
  expect(findings).toContainEqual(expect.objectContaining({ check: 'disk-open', state: 'ok', disk: 'vda' }));
});

test('a disk that QEMU’s user may not open is blocked', async () => {
  qemu.tree.own(disk.node, { uid: 0, mode: 0o600 });
  const { exit, verdict, findings } = parseChecked(await run('check', '310'));
  expect({ exit, verdict }).toEqual({ exit: 1, verdict: 'blocked' });
  expect(findings).toContainEqual(expect.objectContaining({ check: 'disk-access', state: 'problem' }));
});

test('a link that is missing inside is found, created and verified', async () => {
  qemu.tree.remove('/dev/storpool');
  expect(parseChecked(await run('check', '310'))).toMatchObject({ exit: 1, verdict: 'repairable' });
  expect(parseChecked(await run('repair', '310'))).toMatchObject({ exit: 0, stderr: '', verdict: 'safe' });
  expect(qemu.tree.inside('readlink', disk.link)).toBe(`..${disk.node.slice('/dev'.length)}\n`);
});

test('a node that is missing inside is created with its owner and its access list', async () => {
  stage.host.acl(disk.node, 'u:107:rw');
  qemu.tree.remove(disk.node);
  expect(parseChecked(await run('repair', '310'))).toMatchObject({ exit: 0, stderr: '', verdict: 'safe' });
  const acl = 'getfacl --numeric --absolute-names --omit-header --';
  expect(qemu.tree.inside('sh', '-c', `${acl} ${disk.node}`)).toContain('user:107:rw-');
});

test('a guarded save saves', async () => {
  qemu.tree.remove(disk.link);
  const { exit, report } = await guardedSave(stage, { move: 'echo saved >/mnt/saved' });
  expect({ exit, report }).toMatchObject({ exit: 0, report: { result: 'done' } });
  expect(stage.host.read('/mnt/saved')).toBe('saved\n');
});

test('the probe reports it', async () => {
  furnishHostHalf(stage);
  const input = `${JSON.stringify({ version, action: 'probe' })}\n`;
  const { stdout } = await stage.run(['host'], { input, env: { PATH: '/mnt/bin:/usr/bin:/bin' } });
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    kind: 'end',
    report: [{ vmId: '310', verdict: 'safe' }],
  });
});
