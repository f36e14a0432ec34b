import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runCommand } from '../../../src/os/run-command';
import { succeed } from '../../lab/harness/succeed';
import { ifMade } from '../../support/if-made';
import { giveToQemu, parseChecked, type Checked, placeDisk, Stage, statusXml, Volume } from '../harness';
import { done, PackageMachine } from '../installation/package-machine';
import { Packages } from '../installation/packages';

/** The archive for hosts without a package manager, on machines without Node. */

let packages: Packages;
let directory: string | undefined;
let archive: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-standalone-'));
  packages = await Packages.make(['standalone']);
  const file = packages.file('migrate-guard-host-standalone_', '.tar.gz');
  await succeed(['tar', '-C', directory, '-xzf', file]);
  archive = join(directory, basename(file, '.tar.gz'));
  await succeed(['chmod', '755', directory]);
});
afterAll(() => {
  ifMade(packages, (made) => made.remove());
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

test('two runs make the same bytes', () => packages.expectReproducible(['standalone']));

test('the archive contains the licences', () => {
  expect(readFileSync(join(archive, 'LICENSE'), 'utf8')).toContain('Apache License');
  expect(readFileSync(join(archive, 'LICENSE.node'), 'utf8')).toContain(
    'Node.js is licensed for use as follows',
  );
});

describe('a host', () => {
  let machine: PackageMachine;
  beforeEach(async () => {
    machine = await PackageMachine.start();
    await machine.hideNode();
    expect((await machine.root('node', '--version')).missing).toBe(false);
    expect((await machine.root('node', '--version')).exit).not.toBe(0);
  });
  afterEach(() => ifMade(machine, (made) => made.end()));

  test('the executable alone is the whole command', async () => {
    await machine.shell(`cp ${archive}/standalone /mnt/guard`);
    const [release, sum] = (await done(machine.root('/mnt/guard', '--version'))).split('\n');
    expect(release).toMatch(/^\d+\.\d+\.\d+ \(([0-9a-f]{12}|unknown commit)\)$/);
    expect(await machine.shell(`echo '${sum}' | sha256sum --check --strict`)).toBe('/mnt/guard: OK\n');
    expect(await done(machine.root('/mnt/guard', 'check', '--help'))).toContain(
      'Usage: migrate-guard check ',
    );
    expect((await machine.root('/mnt/guard', 'nonsense')).exit).toBe(64);
    // The program starts in a working directory that is gone.
    const help = await machine.shell('mkdir /mnt/d && cd /mnt/d && rmdir /mnt/d && /mnt/guard check --help');
    expect(help).toContain('Usage: migrate-guard check ');
    // The program starts from a directory of the PATH, and by a relative path.
    expect(await machine.shell('cd /mnt && PATH=$PATH:/mnt; guard --version && ./guard --version')).toBe(
      `${release}\n${sum}\n${release}\n${sum}\n`,
    );
  });

  test('installed, it answers the front-end without reading the environment, and is removed without a trace', async () => {
    const before = await machine.picture();
    await done(machine.root(`${archive}/install.sh`, 'host'));
    await machine.expectInstalled();
    machine.host.write('/var/lib/one/evil.js', `require('fs').writeFileSync('/mnt/pwned', 'x')`);
    machine.host.write(
      '/etc/sudoers.d/zz-site',
      'Defaults !env_reset, !secure_path\nDefaults:oneadmin setenv, env_keep += "NODE_OPTIONS"\n',
    );
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    const door = ['/usr/bin/sudo', '-n', '/usr/lib/migrate-guard/migrate-guard', 'host'];
    const input = `${JSON.stringify({ version, action: 'state' })}\n`;
    const evil = { NODE_OPTIONS: '--require=/var/lib/one/evil.js' };
    const answer = await machine.host.oneadmin(door, evil, { input });
    expect(answer).toMatchObject({ exit: 0, stderr: '' });
    expect(answer.stdout).toMatch(/^\{"kind":"hello",/);
    expect(answer.stdout).toContain('(/usr/lib/migrate-guard/standalone)');
    await machine.shell('test ! -e /mnt/pwned && rm /var/lib/one/evil.js /etc/sudoers.d/zz-site');
    await machine.shell('rm /var/log/migrate-guard/host.log');
    await done(machine.root('/usr/lib/migrate-guard/install.sh', 'uninstall'));
    expect(await machine.picture()).toBe(before);
  });

  test('the probe of the monitoring runs there, too', async () => {
    await done(machine.root(`${archive}/install.sh`, 'host'));
    // `onehost sync` copies it in the same manner.
    const tree = join(__dirname, '../../..');
    await machine.shell(`mkdir -p /var/tmp/one && cp -r ${tree}/remotes/. /var/tmp/one/`);
    const uuid = '0f0f0f0f-0000-4000-8000-000000000310';
    const domain = statusXml({ name: 'one-310', uuid, pid: 1, disks: [] });
    machine.host.write('/run/libvirt/qemu/one-310.xml', domain);
    const probe = '/var/tmp/one/im/kvm-probes.d/vm/monitor/migrate-guard';
    const { exit, stdout } = await machine.host.oneadmin([probe]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^VM *= *\[ *ID *= *"?310"?,/);
  });

  test('a Node that is installed later replaces it', async () => {
    await done(machine.root(`${archive}/install.sh`, 'host'));
    await machine.showNode();
    await machine.shell(`cp -a ${archive} /mnt/plain && rm /mnt/plain/standalone`);
    expect(await done(machine.root('/mnt/plain/install.sh', 'host'))).toContain(
      'removed    /usr/lib/migrate-guard/standalone\n',
    );
    await machine.expectInstalled();
  });
});

test('check --deep: the program that opens the disks inside the namespace runs without Node, too', async () => {
  const volume = await Volume.create();
  const stage = await Stage.start('');
  try {
    stage.host.file('/mnt/nothing', '', { mode: 0o644 });
    for (const node of await nodes()) stage.host.mount('--bind', '/mnt/nothing', node);
    const disk = await placeDisk(stage, volume);
    await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    const inside = async (...argv: readonly string[]): Promise<Checked> => {
      const check = [`${archive}/standalone`, 'check', '310', ...argv, '--json', ...stage.configuration];
      const enter = ['nsenter', `--mount=/proc/${stage.servant.pid}/ns/mnt`, '--wdns=/', '--'] as const;
      return parseChecked(await runCommand([...enter, ...check], { deadline: 60_000 }));
    };
    expect(await inside()).toMatchObject({ exit: 0, verdict: 'safe', stderr: '' });
    const { findings } = await inside('--deep');
    expect(findings.filter(({ check }) => check === 'disk-open')).toMatchObject([
      { state: 'ok', disk: 'vda' },
    ]);
  } finally {
    await stage.end();
    volume.release();
  }
});

/** Every Node that a program could find here. */
async function nodes(): Promise<readonly string[]> {
  const find = 'for node in $(type -ap node) "$0"; do readlink -f "$node"; done | sort -u';
  const { stdout } = await succeed(['bash', '--norc', '-c', find, process.execPath]);
  return stdout.trim().split('\n');
}
