import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { optionsOf } from '../../src/cli/command';
import { verbs } from '../../src/commands';
import { strategies } from '../../src/core/remedy-name';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

let built: Built;
/** Contains the command, under its name. */
let bin: string;
let directory: string;
let state: string;
let config: string;
/** The completion script for bash. */
let script: string;

beforeAll(async () => {
  built = await buildAlone();
  bin = mkdtempSync(join(tmpdir(), 'migrate-guard-bin-'));
  symlinkSync(built.file, join(bin, 'migrate-guard'));
  script = join(bin, 'completion.bash');
  writeFileSync(script, execFileSync(built.file, ['completion', 'bash']));
});
afterAll(() => {
  ifMade(built, (made) => made.remove());
  rmSync(bin, { recursive: true });
});

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-completion-'));
  state = join(directory, 'qemu');
  mkdirSync(state);
  config = join(directory, 'config.yaml');
  writeFileSync(config, `libvirt: { state_directory: ${state} }\n`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function run(argv: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}): string {
  const [program, ...args] = argv;
  return execFileSync(program, args, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ends a completion that hangs.
    timeout: 60_000,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, ...env },
  });
}

function bash(program: string, ...argv: readonly string[]): string {
  return run(['bash', '--noprofile', '--norc', '-c', program, 'bash', ...argv]);
}

/** The completions that bash offers for the last of these words, split as bash has split the line. */
function offered(words: readonly string[]): string[] {
  const program = `
    source "$1" || exit
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _migrate-guard_yargs_completions || exit
    printf '%s\\0' "\${COMPREPLY[@]}"`;
  const answer = bash(program, script, 'migrate-guard', ...words);
  return answer.split('\0').filter((word) => word !== '');
}

function replaceByPipe(file: string): void {
  rmSync(file);
  execFileSync('mkfifo', [file]);
}

function runs(...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(state, `${name}.xml`), '');
}

test('bash finds the completion of the command, and offers files where it has none', () => {
  expect(bash('source "$1"; complete -p migrate-guard', script)).toBe(
    'complete -o bashdefault -o default -F _migrate-guard_yargs_completions migrate-guard\n',
  );
});

test('the completion command prints the script that is installed for bash, and one for zsh', () => {
  const forBash = run(['migrate-guard', 'completion', 'bash'], { SHELL: '/bin/zsh' });
  expect(run(['migrate-guard', 'completion'], { SHELL: '/bin/bash' })).toBe(forBash);
  // The installed file names the command by its absolute path, so that the PATH of a user does not matter.
  const asked = 'migrate-guard --get-yargs';
  expect(
    run(['cat', join(built.directory, 'completion/migrate-guard.bash')]).replaceAll('/usr/sbin/', ''),
  ).toBe(forBash);
  expect(forBash).toContain(`type_list=$(${asked}`);
  const zsh = run(['migrate-guard', 'completion', 'zsh']);
  expect(zsh).toMatch(/^#compdef migrate-guard\n/);
  expect(run(['migrate-guard', 'completion'], { SHELL: '/bin/zsh' })).toBe(zsh);
});

test('for zsh each option has its description', () => {
  const words = ['--get-yargs-completions', 'migrate-guard', 'repair', '--dr'];
  expect(run(['migrate-guard', ...words], { SHELL: '/bin/zsh' })).toContain(
    '--dry-run:report what would be done, and do nothing\n',
  );
});

test('the commands', () => {
  expect(offered([''])).toEqual(verbs.map(({ name }) => name));
  expect(offered(['rel'])).toEqual(['relink']);
  expect(offered(['nonsense'])).toEqual([]);
});

test.each(verbs.map((verb) => [verb.name, verb] as const))('the options of %s', (name, verb) => {
  const all = [...Object.keys(optionsOf(verb)), 'help', 'version'].map((option) => `--${option}`);
  expect(offered([name, '--']).sort()).toEqual(all.sort());
});

test('an option that is on the line is not offered again', () => {
  expect(offered(['check', '--all', '--a'])).toEqual([]);
  expect(offered(['check', '--json', '--a'])).toEqual(['--all']);
});

test.each(['hook', 'hook test'])('the words of %s', (before) => {
  const known = { hook: ['test'], 'hook test': ['pre-migrate', 'post-failure'] }[before];
  expect(offered([...before.split(' '), ''])).toEqual(known);
});

test('after its last argument a command has only options', () => {
  expect(offered(['hook', 'test', 'pre-migrate', '']).sort()).toEqual(offered(['hook', '--']).sort());
});

test('the strategies', () => {
  expect(offered(['reset', 'one-310', '--strategy', ''])).toEqual(['auto', ...strategies]);
});

describe('domains', () => {
  test.each([
    ['check', ['']],
    ['check', ['one-9', '']],
    ['repair', ['--dry-run', '']],
    ['check', ['--destination', 'kvm2', '']],
    ['migrate', ['']],
    ['reset', ['--json', '']],
  ])('are those whose files libvirt keeps: %s %j', (verb, words) => {
    runs('one-9', 'one-310');
    writeFileSync(join(state, 'one-9.pid'), '');
    expect(offered([verb, '--config', config, ...words]).sort()).toEqual(['one-310', 'one-9']);
  });

  test('that begin with the typed text', () => {
    runs('one-9', 'one-310');
    expect(offered(['inspect', '--config', config, 'one-3'])).toEqual(['one-310']);
  });

  test('one domain only for commands that take one', () => {
    runs('one-9');
    expect(offered(['explain', '--config', config, 'one-9', ''])).not.toContain('one-9');
  });

  const evil = [
    '$(touch pwned)',
    '`touch pwned`',
    ';touch pwned;',
    '$HOME',
    '~root',
    '*',
    "it's",
    'a b',
    '-x',
  ];

  test.each(evil)('named %s: not offered, because bash would evaluate it', (name) => {
    runs(name, 'one-9');
    expect(offered(['check', '--config', config, ''])).toEqual(['one-9']);
    for (const begun of [name, name.slice(0, 3)]) offered(['check', '--config', config, begun]);
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });

  test.each([
    ['libvirt has no directory', () => rmSync(state, { recursive: true })],
    ['the configuration is wrong', () => writeFileSync(config, 'nonsense: 1\n')],
    ['the configuration is a pipe, which nothing waits at', () => replaceByPipe(config)],
  ])('none, and no error message, where %s', (_, spoil) => {
    runs('one-9');
    spoil();
    expect(offered(['check', '--config', config, ''])).not.toContain('one-9');
  });
});

test.each([
  ['relink', ['--map', '']],
  ['check', ['--config', '']],
  ['audit', ['--diff', '']],
  ['layout', ['']],
  ['save', ['one-9', '']],
  ['migrate', ['one-9', '']],
  ['hook', ['test', 'pre-migrate', '--vm', '']],
])('a file, or a free value: nothing, so that bash offers files: %s %j', (verb, words) => {
  expect(offered([verb, ...words])).toEqual([]);
});
