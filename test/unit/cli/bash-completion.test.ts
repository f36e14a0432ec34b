import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bashCompletion } from '../../../src/cli/bash-completion';
import { optionsOf } from '../../../src/cli/verb';
import { verbs } from '../../../src/cli/verbs';
import { strategies } from '../../../src/core/strategy';

let directory: string;
let state: string;
let script: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'migrate-guard-completion-'));
  state = join(directory, 'qemu');
  mkdirSync(state);
  script = join(directory, 'completion.bash');
  writeFileSync(script, bashCompletion(verbs, state));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function bash(program: string, ...argv: readonly string[]): string {
  return execFileSync('bash', ['--noprofile', '--norc', '-c', program, 'bash', ...argv], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** What bash offers for the last of these words, as it has cut the line. */
function offered(words: readonly string[], settings = ''): string[] {
  const program = `${settings}
    source "$1" || exit
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _migrate_guard || exit
    printf '%s\\0' "\${COMPREPLY[@]}"`;
  const answer = bash(program, script, 'migrate-guard', ...words);
  return answer.split('\0').filter((word) => word !== '');
}

function run(...names: readonly string[]): void {
  for (const name of names) writeFileSync(join(state, `${name}.xml`), '');
}

test('bash knows what completes the command', () => {
  expect(bash('source "$1"; complete -p migrate-guard', script)).toBe(
    'complete -F _migrate_guard migrate-guard\n',
  );
});

test('the verbs', () => {
  expect(offered([''])).toEqual([...verbs.map(({ name }) => name), '--help', '--version']);
  expect(offered(['rel'])).toEqual(['relink']);
  expect(offered(['nonsense'])).toEqual([]);
  expect(offered(['nonsense', ''])).toEqual([]);
});

test.each(verbs.map((verb) => [verb.name, verb] as const))('the options of %s', (name, verb) => {
  const all = [...Object.keys(optionsOf(verb)), 'help'].map((option) => `--${option}`);
  expect(offered([name, '--'])).toEqual(all);
  expect(offered([name, '--hel'])).toEqual(['--help']);
});

test.each(['hook', 'hook test'])('the words of %s', (before) => {
  const known = { hook: ['test'], 'hook test': ['pre-migrate', 'post-failure'] }[before];
  expect(offered([...before.split(' '), ''])).toEqual(known);
});

test('after its last word a verb has options only', () => {
  expect(offered(['hook', 'test', 'pre-migrate', ''])).toEqual(offered(['hook', '--']));
});

test.each([
  ['behind a space', ['reset', 'one-310', '--strategy', '']],
  ['behind an equals sign, which bash makes a word', ['reset', '--strategy', '=']],
  ['begun behind an equals sign', ['reset', '--strategy', '=', '']],
])('the strategies, %s', (_, words) => expect(offered(words)).toEqual(['auto', ...strategies]));

describe('domains', () => {
  test.each([
    ['check', ['']],
    ['check', ['one-9', '']],
    ['repair', ['--dry-run', '']],
    ['check', ['--destination', 'kvm2', '']],
    ['check', ['--config', '=', 'x.yaml', '']],
    ['migrate', ['']],
    ['reset', ['--json', '']],
  ])('are those whose files libvirt keeps: %s %j', (verb, words) => {
    run('one-9', 'one-310');
    writeFileSync(join(state, 'one-9.pid'), '');
    expect(offered([verb, ...words]).sort()).toEqual(['one-310', 'one-9']);
  });

  test('that begin with what is typed', () => {
    run('one-9', 'one-310');
    expect(offered(['inspect', 'one-3'])).toEqual(['one-310']);
  });

  test('one only where the verb takes one', () => {
    run('one-9');
    expect(offered(['explain', 'one-9', ''])).toEqual(offered(['explain', '--']));
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

  test.each(evil)('called %s: not evaluated, and offered as it has to be typed', (name) => {
    run(name);
    const [typed = '', ...more] = offered(['check', '']);
    expect(more).toEqual([]);
    expect(bash(`printf %s ${typed}`)).toBe(name);
    for (const begun of [name, typed, typed.slice(0, 3)]) offered(['check', begun]);
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });

  test.each(['failglob', 'nullglob', 'dotglob'])('whatever the shell is set to: %s', (option) => {
    expect(offered(['check', ''], `shopt -s ${option}; set -fu`)).toEqual([]);
    run('one-9');
    expect(offered(['check', ''], `shopt -s ${option}; set -fu`)).toEqual(['one-9']);
  });

  test('none, and no word about it, where libvirt has no directory', () => {
    rmSync(state, { recursive: true });
    expect(offered(['check', ''])).toEqual([]);
  });
});

describe('files', () => {
  test.each([
    ['relink', ['--map', '']],
    ['relink', ['--undo', '']],
    ['check', ['--config', '']],
    ['audit', ['--before-relink', '']],
    ['audit', ['--diff', '']],
    ['check', ['--config', '=', '']],
    ['hook', ['test', 'pre-migrate', '--event', '']],
    ['layout', ['--debug-file', '']],
    ['layout', ['']],
    ['save', ['one-9', '']],
  ])('%s %j', (verb, words) => {
    writeFileSync(join(directory, 'links to map.txt'), '');
    expect(offered([verb, ...words]).sort()).toEqual(['completion.bash', 'links to map.txt', 'qemu']);
  });

  test('a name that was begun with a command does not run it', () => {
    writeFileSync(join(directory, '$(touch pwned)'), '');
    expect(offered(['relink', '--map', '$(touch'])).toEqual(['$(touch pwned)']);
    for (const begun of ['`touch pwned`', '$(touch pwned)', '$(touch pwned)/']) offered(['layout', begun]);
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
  });
});

test('the value of an option that nobody can guess: nothing', () => {
  expect(offered(['hook', 'test', 'pre-migrate', '--vm', ''])).toEqual([]);
});
