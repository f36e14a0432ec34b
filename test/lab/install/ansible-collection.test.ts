import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../src/os/run-command';

/** The collection itself: its style, its version, and what `ansible-galaxy` makes of it. */

const root = join(__dirname, '../../..');
const collection = join(root, 'deploy/ansible');
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'migrate-guard-ansible-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

async function run(...argv: [string, ...string[]]): Promise<string> {
  const env = {
    ...{ PATH: '/usr/bin:/bin', HOME: place, LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1' },
    ANSIBLE_COLLECTIONS_PATH: place,
  };
  const { exit, stdout, stderr } = await runCommand(argv, { deadline: 300_000, cwd: collection, env });
  expect({ exit, stdout, stderr }).toMatchObject({ exit: 0 });
  return stdout + stderr;
}

test('ansible-lint finds nothing', async () => {
  expect(await run('ansible-lint', '--offline', '--nocolor')).toContain('0 failure(s), 0 warning(s)');
});

test('it has the version of the packages, and its playbook runs from an installed collection, too', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  await run('ansible-galaxy', 'collection', 'build', '--output-path', place);
  const file = join(place, `migrate_guard-deploy-${version}.tar.gz`);
  await run('ansible-galaxy', 'collection', 'install', '--offline', file, '-p', place);
  const inventory = join(place, 'inventory');
  writeFileSync(inventory, '[frontend]\nf1\n[node]\nn1\n');
  const tasks = await run('ansible-playbook', 'migrate_guard.deploy.site', '-i', inventory, '--list-tasks');
  expect(tasks).toContain('migrate_guard.deploy.migrate_guard : Check the installation');
});
