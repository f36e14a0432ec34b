import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { verbs } from '../../src/commands';
import { exitCodes } from '../../src/core/exit-codes';
import { runCommand, type CommandResult } from '../../src/os/run-command';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

let built: Built;

beforeAll(async () => {
  built = await buildAlone();
});

afterAll(() => ifMade(built, (made) => made.remove()));

/** Starts the file as a program, through its first line; NODE_PATH must not provide packages. */
function start(...argv: readonly string[]): Promise<CommandResult> {
  return runCommand([built.file, ...argv], {
    deadline: 120_000,
    cwd: built.directory,
    env: { NODE_PATH: '', NODE_OPTIONS: '' },
  });
}

async function said(...argv: readonly string[]): Promise<Pick<CommandResult, 'exit' | 'stdout' | 'stderr'>> {
  const { exit, stdout, stderr } = await start(...argv);
  return { exit, stdout, stderr };
}

test('every program is one file that can be executed', () => {
  for (const program of built.programs) {
    const file = join(built.directory, program);
    expect(statSync(file).mode & 0o777).toBe(0o755);
    expect(readFileSync(file, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
  }
  expect(built.programs).toContain('migrate-guard.cjs');
});

test('a program is ASCII: a character beyond Latin-1 would double its memory', () => {
  for (const program of built.programs) {
    const bytes = readFileSync(join(built.directory, program));
    expect(bytes.every((byte) => byte < 0x80)).toBe(true);
  }
});

test('manual page and completion are next to the programs', () => {
  const read = (name: string): string => readFileSync(join(built.directory, name), 'utf8');
  expect(read('completion/migrate-guard.bash')).toContain(
    '$(/usr/sbin/migrate-guard --get-yargs-completions ',
  );
  expect(read('man/migrate-guard.1')).toMatch(/^\.TH MIGRATE\\-GUARD 1 "\d{4}\\-\d\d\\-\d\d" /);
});

test('the agent is a separate program next to the command, and contains no parser of command lines', async () => {
  const { components } = JSON.parse(readFileSync(join(built.directory, 'sbom.cdx.json'), 'utf8')) as {
    components: readonly { name: string; properties: readonly { value: string }[] }[];
  };
  const holds = (program: string): readonly string[] =>
    components.flatMap(({ name, properties }) =>
      properties.some(({ value }) => value === program) ? [name] : [],
    );
  expect(holds('migrate-guard.cjs')).toEqual(expect.arrayContaining(['execa', 'yargs']));
  expect(holds('agent.cjs')).toContain('execa');
  expect(holds('agent.cjs')).not.toContain('yargs');
  const refused = await runCommand([built.file, 'host'], { deadline: 120_000, input: 'no request\n' });
  expect(refused.stdout).toMatch(/^\{"kind":"end","exit":64,/);
});

test('the installed program reads the agent alone, or the admin’s command alone', async () => {
  const place = mkdtempSync(join(tmpdir(), 'migrate-guard-installed-'));
  const launcher = join(place, 'migrate-guard');
  const run = (...argv: readonly string[]): Promise<CommandResult> =>
    runCommand([launcher, ...argv], { deadline: 120_000, input: 'no request\n' });
  try {
    copyFileSync(join(built.directory, 'launcher.cjs'), launcher);
    writeFileSync(join(place, 'migrate-guard.cjs'), 'console.log(process.argv.slice(2));');
    expect(await run('host')).toMatchObject({ exit: 0, stdout: "[ 'host' ]\n", stderr: '' });
    copyFileSync(join(built.directory, 'agent.cjs'), join(place, 'agent.cjs'));
    expect((await run('host')).stdout).toMatch(/^\{"kind":"end","exit":64,/);
    for (const argv of [[], ['check', 'host'], ['host', '--json']])
      expect(await run(...argv)).toMatchObject({ exit: 0, stdout: `${inspect(argv)}\n`, stderr: '' });
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('the command may be copied anywhere, and reports that the agent is missing', async () => {
  const place = mkdtempSync(join(tmpdir(), 'migrate-guard-copied-'));
  const copied = join(place, 'guard');
  try {
    copyFileSync(built.file, copied);
    const version = await runCommand([copied, '--version'], { deadline: 120_000 });
    expect(version).toMatchObject({ exit: 0, stderr: '' });
    expect(await runCommand([copied, 'host'], { deadline: 120_000, input: '' })).toMatchObject({
      exit: 2,
      stdout: '',
      stderr: `migrate-guard: ${place}/agent.cjs is missing: this command was copied alone, and the agent is another program\n  -> run install.sh host on this host\n`,
    });
  } finally {
    rmSync(place, { recursive: true });
  }
});

test('--version prints version and commit, and the program file as sha256sum checks it', async () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  const { exit, stdout, stderr } = await start('--version');
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  const [release, sum, ...more] = stdout.split('\n');
  expect(release).toMatch(
    new RegExp(`^${version.replaceAll('.', '\\.')} \\(([0-9a-f]{12}|unknown commit)\\)$`),
  );
  expect(more).toEqual(['']);
  const checked = await runCommand(['sha256sum', '--check', '--strict'], {
    deadline: 10_000,
    input: `${sum}\n`,
  });
  expect(checked).toMatchObject({ exit: 0, stdout: `${built.file}: OK\n` });
});

describe('help', () => {
  test('names every command and every exit status', async () => {
    const { exit, stdout, stderr } = await start('--help');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const { name, summary } of verbs) {
      expect(stdout).toContain(`migrate-guard ${name} `);
      expect(stdout.replace(/\s+/g, ' ')).toContain(summary.slice(0, 30));
    }
    for (const { status, meaning } of Object.values(exitCodes)) {
      expect(stdout).toContain(`${String(status).padStart(4)}  ${meaning}\n`);
    }
  });
});

// unit/cli/parse-args-mistakes has all of them; here is one of each kind, through the whole program.
describe('a wrong command line', () => {
  test.each([
    [[], 'no command was given', ''],
    [['check'], 'check takes <domain…|--all>', 'check '],
    [['check', '310', '--nonsense'], 'check has no option nonsense', 'check '],
    [['check', '310', '--config'], '--config needs a value', 'check '],
    [['check', '310', '--json=false'], '--json takes no value', 'check '],
    [['check', '--all', '--all'], '--all was given more than once', 'check '],
    [['chek', '310', '--json'], 'unknown command: did you mean check?', ''],
    [['frobnicate', '--json'], 'unknown command or option json, frobnicate', ''],
    [['ch\u001b[31mek\u009b'], 'unknown command or option ch\\x1b[31mek\\x9b', ''],
  ])('%j', async (argv, what, verb) => {
    expect(await said(...argv)).toEqual({
      exit: 64,
      stdout: '',
      stderr: `migrate-guard: ${what}\n  -> see migrate-guard ${verb}--help\n`,
    });
  });

  test('an invalid name, an invalid host, a missing configuration', async () => {
    const two = (what: string, remedy: string): object => ({
      exit: 64,
      stdout: '',
      stderr: `migrate-guard: ${what}\n  -> ${remedy}\n`,
    });
    expect(await said('check', '310', '--destination=-oProxyCommand=x')).toEqual(
      two('"-oProxyCommand=x" is not a valid host name', 'give a name such as kvm2'),
    );
    expect(await said('check', '310', '--for', 'migrate,snapshots')).toEqual(
      two(
        '--for takes a list of migrate, save, storage-move, snapshot, commit, not "snapshots"',
        'did you mean snapshot?',
      ),
    );
    expect(await said('check', '310', '--config', '/nowhere.yaml')).toEqual(
      two('the configuration /nowhere.yaml cannot be read: ENOENT', 'name another with --config'),
    );
  });
});

test('files around the program, and a working directory that is gone, change nothing', async () => {
  const place = mkdtempSync(join(tmpdir(), 'migrate-guard-lying-'));
  const [bin, gone, locales] = ['bin', 'gone', 'locales'].map((name) => join(place, name));
  const program = join(bin ?? '', 'guard');
  try {
    for (const directory of [bin, gone, locales]) mkdirSync(directory ?? '');
    copyFileSync(built.file, program);
    const planted = JSON.stringify({ 'Options:': 'PLANTED', version: 'PLANTED' });
    for (const file of ['locales/en.json', 'locales/de.json', 'bin/package.json', 'package.json'])
      writeFileSync(join(place, file), planted);
    const argv = ['sh', '-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone ?? '', program, '--help'] as const;
    const { exit, stdout, stderr } = await runCommand([...argv], {
      deadline: 120_000,
      env: { LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' },
    });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toContain('\nOptions:\n');
  } finally {
    rmSync(place, { recursive: true });
  }
});
