import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layout } from '../../../src/block-state/model/memory-layout';
import { affectedQemu, type Domain } from '../../lab/harness';
import {
  configure,
  expectWrites,
  failMigration,
  inspect,
  quietDomain,
  reset,
  shadow,
  storeLayout,
} from './reset-testbed';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// Layouts: created, missing, of another build, corrupted, hostile. Whatever is stored, the VM stays alive and can be
// reset.

let stage: Stage;
let good: Layout;
let file: string;
let domain: Domain;
const directory = '/var/lib/migrate-guard/layouts';

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
  const name = (await stage.host.succeed(['ls', directory])).stdout.trim();
  file = `${directory}/${name}`;
  good = JSON.parse(stage.host.read(file)) as Layout;
  domain = await quietDomain(stage, 600, 2);
  await failMigration(domain, [0]);
});
afterAll(() => ifMade(stage, (made) => made.stop()));

function store(text: string, at = file): void {
  stage.host.remove(at);
  writeFileSync(stage.host.path(at), text, { mode: 0o644 });
}

async function expectRefused(why: string): Promise<void> {
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'unknown', exit: 2 });
  for (const strategy of ['memory', 'gdb']) {
    const report = await reset(stage, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'unknown' });
    expect(report.what).toContain(why);
  }
}

const shifted = (member: string, by: number): string =>
  JSON.stringify({
    ...good,
    members: { ...good.members, [member]: good.members[member as keyof Layout['members']] + by },
  });

describe('an untrusted layout is refused', () => {
  afterEach(async () => {
    store(JSON.stringify(good));
    expect(await inspect(stage, domain)).toMatchObject({ blockState: 'stuck', exit: 1 });
    await domain.expectCounting();
  });

  test('missing', async () => {
    stage.host.remove(file);
    await expectRefused(`migrate-guard layout ${affectedQemu()}`);
  });

  test.each([
    ['cut off', () => JSON.stringify(good).slice(0, 100), 'it is not valid JSON'],
    [
      'of another build',
      () => JSON.stringify({ ...good, buildId: 'ab'.repeat(20) }),
      'it is of another build',
    ],
    ['with an unknown key', () => JSON.stringify({ ...good, more: 1 }), 'more is not known'],
    [
      'with a prototype',
      () => JSON.stringify(good).replace('"version":1', '"version":1,"__proto__":{}'),
      '__proto__ is not known',
    ],
    ['with a far offset', () => shifted('BlockBackend.root', 2 ** 20), 'out of bounds'],
    ['with a negative offset', () => shifted('BlockBackend.root', -1000), 'out of bounds'],
    [
      'with text for a number',
      () => JSON.stringify(good).replace(/"BlockBackend.root":\d+/, '"BlockBackend.root":"16"'),
      'out of bounds',
    ],
    ['with a wrong list', () => shifted('BlockBackend.link', 8), 'does not fit'],
    ['with a wrong flag', () => shifted('BlockBackend.disable_perm', -16), 'does not fit'],
    ['with a wrong root', () => shifted('BlockBackend.root', 8), 'does not fit'],
    ['with a wrong node', () => shifted('BdrvChild.bs', 8), 'does not fit'],
    [
      'with a wrong variable',
      () => JSON.stringify({ ...good, symbols: { ...good.symbols, block_backends: 4096 } }),
      'does not fit',
    ],
    ['huge', () => JSON.stringify(good) + ' '.repeat(100_000), 'not a layout file'],
  ])('%s', async (_, text, why) => {
    store(text());
    await expectRefused(why);
  });

  test('that other users could have written', async () => {
    chmodSync(stage.host.path(file), 0o666);
    await expectRefused('users other than root could have written it');
    chmodSync(stage.host.path(file), 0o644);
    chownSync(stage.host.path(file), 9869, 9869);
    await expectRefused('users other than root could have written it');
  });

  test('in a directory that other users can write', async () => {
    chmodSync(stage.host.path(directory), 0o777);
    await expectRefused('users other than root can write it');
    chmodSync(stage.host.path(directory), 0o755);
  });

  test('that is a link', async () => {
    store(JSON.stringify(good), '/run/migrate-guard-lab/layout.json');
    stage.host.remove(file);
    symlinkSync('/run/migrate-guard-lab/layout.json', stage.host.path(file));
    await expectRefused('cannot be read: ELOOP');
  });
});

test.each(['cont', 'suspend-resume', 'auto'])(
  'without any layout %s resets it, and verifies that',
  async (strategy) => {
    const config = configure(stage, 'reset: { layout_directory: /nonexistent }');
    const other = await quietDomain(stage, 610 + strategy.length, 2);
    await failMigration(other, [1]);
    const report = await reset(stage, other.name, '--strategy', strategy, '--config', config);
    expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy' });
    // This command has the layout and reads the memory.
    expect(await inspect(stage, other)).toMatchObject({ blockState: 'healthy', exit: 0 });
    await expectWrites(other);
    await other.destroy();
  },
);

describe('layout', () => {
  const folder = '/run/migrate-guard-lab/debug';

  beforeAll(async () => {
    mkdirSync(stage.host.path(folder));
    await stage.host.succeed(['objcopy', '--only-keep-debug', affectedQemu(), `${folder}/qemu.debug`]);
    await stage.host.succeed(['strip', '-o', `${folder}/qemu`, affectedQemu()]);
  });

  test('reads separate debug information, with the same result', async () => {
    const config = configure(stage, `reset: { layout_directory: ${folder}/layouts }`);
    const { exit, stderr } = await stage.guard(
      'layout',
      `${folder}/qemu`,
      '--debug-file',
      `${folder}/qemu.debug`,
      '--config',
      config,
    );
    expect(stderr).toBe('');
    expect(exit).toBe(0);
    const made = JSON.parse(stage.host.read(`${folder}/layouts/${good.buildId}.json`)) as Layout;
    expect(made).toEqual({ ...good, binary: `${folder}/qemu` });
  });

  test('names what is missing', async () => {
    const { exit, stderr } = await stage.guard('layout', `${folder}/qemu`);
    expect(exit).toBe(1);
    expect(stderr).toContain('debug information');
    expect(stderr).toContain('--debug-file');
  });

  test('refuses debug information of another build', async () => {
    const { exit, stderr } = await stage.guard(
      'layout',
      '/usr/bin/qemu-system-x86_64',
      '--debug-file',
      `${folder}/qemu.debug`,
    );
    expect(exit).toBe(1);
    expect(stderr).toContain('is not the debug information of');
  });

  test('refuses a file that is not a program, and reports when gdb is missing', async () => {
    expect((await stage.guard('layout', '/etc/passwd')).exit).toBe(1);
    expect((await stage.guard('layout', '/nonexistent')).exit).toBe(1);
    const { PATH } = shadow(stage, 'gdb');
    const program = [process.execPath, stage.program, 'layout', affectedQemu()];
    const { exit, stderr } = await stage.host.run(['env', `PATH=${PATH}`, ...program]);
    expect(exit).toBe(1);
    expect(stderr).toContain('gdb is not installed');
  });
});

test('a program that was replaced since QEMU started is still known', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'migrate-guard-cache-'));
  const before = process.env['MIGRATE_GUARD_CACHE'];
  try {
    chmodSync(cache, 0o755);
    mkdirSync(join(cache, 'qemu-7.2.0'));
    copyFileSync(affectedQemu(), join(cache, 'qemu-7.2.0/qemu-system-x86_64'));
    process.env['MIGRATE_GUARD_CACHE'] = cache;
    const other = await quietDomain(stage, 640, 1);
    rmSync(cache, { recursive: true });
    await failMigration(other, [0]);
    expect(readlinkSync(`/proc/${other.outerPid}/exe`)).toContain(
      `${cache}/qemu-7.2.0/qemu-system-x86_64 (deleted)`,
    );
    const inspected = await inspect(stage, other);
    expect(inspected).toMatchObject({ blockState: 'stuck', exit: 1, affected: 'yes' });
    expect(inspected.build).toMatch(/^[0-9a-f]{40}$/);
    expect((await stage.guard('audit', '--here')).stdout).toContain('on an affected QEMU');
    expect(await reset(stage, other.name, '--strategy', 'memory')).toMatchObject({
      exit: 0,
      result: 'healed',
    });
    await other.destroy();
  } finally {
    if (before === undefined) delete process.env['MIGRATE_GUARD_CACHE'];
    else process.env['MIGRATE_GUARD_CACHE'] = before;
    rmSync(cache, { recursive: true, force: true });
  }
});
