import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSettings, type Settings } from '../../../src/core/settings';
import { readSettings } from '../../../src/system/settings-file';

/** What reads the configuration without Node says what the real reader says, or that it cannot tell. */

const script = join(__dirname, '../../../remotes/migrate-guard/setting.sh');
const shipped = join(__dirname, '../../../config/config.yaml');
const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-setting-'));
const file = join(directory, 'config.yaml');
afterAll(() => rmSync(directory, { recursive: true }));

/** Each value that install.sh and start.sh ask for, and where the real reader has it. */
const asked = {
  'policy when_guard_fails': ({ policy }) => policy.whenGuardFails,
  'opennebula migrate': ({ opennebula }) => opennebula.migrate,
  'opennebula save': ({ opennebula }) => opennebula.save,
  'ssh user': ({ ssh }) => ssh.user,
} as const satisfies Record<string, (settings: Settings) => string>;
type Asked = keyof typeof asked;
const everything = Object.keys(asked) as Asked[];

/** `undefined` when it cannot tell. */
function read(shell: string, words: Asked, path = file): string | undefined {
  const [section = '', key = ''] = words.split(' ');
  const argv = ['-c', '. "$0"; setting "$@"', script, path, section, key, asked[words](defaultSettings)];
  try {
    return execFileSync(shell, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trimEnd();
  } catch {
    return undefined;
  }
}

const refuse = { policy: { whenGuardFails: 'refuse' } } as const;
const quiet = {
  opennebula: { ...defaultSettings.opennebula, migrate: 'frontend:migrate-tweaks', userTemplate: false },
};
const tweaks = { opennebula: { ...defaultSettings.opennebula, migrate: 'frontend:migrate-tweaks' } };

describe.each(['sh', 'bash'])('%s', (shell) => {
  test.each<[string, Partial<Settings>]>([
    ['', {}],
    ['{}\n', {}],
    ['policy:\n', {}],
    ['policy: {}\nopennebula: { }\n', {}],
    ['policy:\n  when_guard_fails: refuse\n', refuse],
    ['---\npolicy:\n    when_guard_fails:   refuse   # all of them\n', refuse],
    ['policy: # of the site\n  # really\n\n  when_guard_fails: refuse\n', refuse],
    ['policy:\r\n  when_guard_fails: refuse\r\n', refuse],
    ['policy:\n  when_guard_fails: "refuse"\n', refuse],
    ["policy:\n  when_guard_fails: 'refuse' # quoted\n", refuse],
    ['policy: { when_guard_fails: refuse }\n', refuse],
    ['policy: {when_guard_fails: "refuse"}   # in one line\n', refuse],
    ["migrate:\n  uri: '{host} # policy:'\npolicy: { when_guard_fails: refuse }\n", refuse],
    ['opennebula:\n  migrate: "frontend:migrate-tweaks"\n', tweaks],
    ['opennebula: { save: save, migrate: frontend:migrate-tweaks }\n', tweaks],
    ['opennebula:\n  user_template: no\n  migrate: frontend:migrate-tweaks\n', quiet],
    ['ssh: { deadline: 2.5, user: cloud_admin }\n', { ssh: { user: 'cloud_admin', deadline: 2.5 } }],
  ])('%j is read as by the real reader', async (text, set) => {
    writeFileSync(file, text);
    const settings = { ...defaultSettings, ...set };
    expect(await readSettings(file)).toMatchObject(set);
    for (const words of everything)
      expect([words, read(shell, words)]).toEqual([words, asked[words](settings)]);
  });

  test.each([
    'policy: {\n  when_guard_fails: refuse }\n',
    'policy:\n  { when_guard_fails: refuse }\n',
    'policy: { "when_guard_fails": refuse }\n',
    '"policy": { when_guard_fails: refuse }\n',
    '{ policy: { when_guard_fails: refuse } }\n',
    '  policy:\n    when_guard_fails: refuse\n',
    'policy:\n  when_guard_fails:\n    refuse\n',
    'policy:\n  when_guard_fails: >-\n    refuse\n',
    'policy:\n  "when_guard_fails": refuse\n',
    'policy: &site\n  when_guard_fails: refuse\n',
    'policy: !!map { when_guard_fails: refuse }\n',
    '? policy\n: { when_guard_fails: refuse }\n',
    'policy:\n  when_guard_fails: "re\\x66use"\n',
    // What the real reader refuses, too.
    'policy: refuse\n',
    'policy:refuse\n',
    'policy:\n\twhen_guard_fails: refuse\n',
    'policy:\n  when_guard_fail: refuse\n',
    'policy:\n  when_guard_fails:\n',
    'policy: {}\npolicy: { when_guard_fails: refuse }\n',
    'policy: { when_guard_fails: refuse, when_guard_fails: run-mover }\n',
    'policy: { when_guard_fails: refuse\n',
  ])('%j is not guessed', (text) => {
    writeFileSync(file, text);
    expect(read(shell, 'policy when_guard_fails')).toBeUndefined();
  });

  test('a mistake elsewhere is none of its business', () => {
    writeFileSync(file, 'reset:\n  gdb_deadlin: 7\npolicy: { when_guard_fails: refuse }\n');
    expect(read(shell, 'policy when_guard_fails')).toBe('refuse');
    expect(read(shell, 'opennebula migrate')).toBe('migrate');
  });

  test('no file means the defaults, and one that cannot be read nothing', () => {
    for (const words of everything) {
      expect(read(shell, words, join(directory, 'none'))).toBe(asked[words](defaultSettings));
      expect(read(shell, words, directory)).toBeUndefined();
    }
  });

  test('the shipped file, as it is and with every key uncommented', async () => {
    const setting = /^# (?=(?:[a-z]+:$| {2}[a-z_]+: ))/;
    const lines = readFileSync(shipped, 'utf8').split('\n');
    writeFileSync(file, lines.map((line) => line.replace(setting, '').replace(/^# {3}#/, '  #')).join('\n'));
    expect(await readSettings(file)).toEqual(defaultSettings);
    for (const words of everything)
      expect([read(shell, words, shipped), read(shell, words)]).toEqual(
        Array(2).fill(asked[words](defaultSettings)),
      );
  });
});
