import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultSettings } from '../../../src/config/settings';
import { readSettings } from '../../../src/config/read';

const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-settings-'));
const file = join(directory, 'config.yaml');
afterAll(() => rmSync(directory, { recursive: true }));

function read(text: string): Promise<typeof defaultSettings> {
  writeFileSync(file, text);
  return readSettings(file);
}

describe('settings', () => {
  test.each(['', '\n', '# all\n  # comments\n', 'libvirt: {}\n', '{}', '---\n', 'libvirt:\n'])(
    '%j: every default',
    async (text) => {
      expect(await read(text)).toEqual(defaultSettings);
    },
  );

  test('the given values, and the defaults of the rest', async () => {
    const { libvirt, ssh } = await read('libvirt:\n  state_directory: /srv/qemu\nssh: { deadline: 2.5 }\n');
    expect(libvirt).toEqual({ ...defaultSettings.libvirt, stateDirectory: '/srv/qemu' });
    expect(ssh).toEqual({ ...defaultSettings.ssh, deadline: 2.5 });
  });

  test('no time for a path that is missing', async () => {
    expect(await read('destination: { wait: 0 }\n')).toMatchObject({ destination: { wait: 0 } });
  });

  test.each([
    ['yes', true],
    ['no', false],
    ['"no"', false],
    ['true', true],
    ['false', false],
  ])('%s is accepted for it', async (word, meant) => {
    const { opennebula, hooks } = await read(
      `opennebula: { user_template: ${word} }\nhooks: { retry: ${word} }\n`,
    );
    expect([opennebula.userTemplate, hooks.retry]).toEqual([meant, meant]);
    await expect(read('opennebula: { user_template: perhaps }\n')).rejects.toThrow(
      'opennebula.user_template: Invalid type: expected yes or no',
    );
  });
});

describe('settings that are refused', () => {
  test.each([
    [
      'libvirt:\n  state_directoy: /a\n',
      `${file}: the key libvirt.state_directoy is not known`,
      'did you mean libvirt.state_directory?',
    ],
    ['libvrit: {}\n', `${file}: the key libvrit is not known`, 'did you mean libvirt?'],
    ['ssh: { usr: a }\n', `${file}: the key ssh.usr is not known`, 'did you mean ssh.user?'],
    [
      'libvirt: { deadline: 0 }\n',
      `${file}: libvirt.deadline: Invalid value: Expected >=1 but received 0`,
      'see the shipped file for all keys',
    ],
    [
      'libvirt: { deadline: "ten" }\n',
      `${file}: libvirt.deadline: Invalid type: Expected number but received "ten"`,
      'see the shipped file for all keys',
    ],
    [
      'libvirt: { state_directory: run }\n',
      `${file}: libvirt.state_directory: Invalid start: Expected "/" but received "r"`,
      'see the shipped file for all keys',
    ],
    [
      'ssh: { user: -oProxyCommand=x }\n',
      `${file}: ssh.user: Invalid user name`,
      'see the shipped file for all keys',
    ],
    [
      'libvirt: ten\n',
      `${file}: libvirt: Invalid type: Expected Object but received "ten"`,
      'see the shipped file for all keys',
    ],
    ['- ssh\n', `${file}: sections with keys are expected`, 'see the shipped file for all keys'],
    [
      'a: &a [1]\nb: *a\n',
      `the configuration ${file} is refused: Alias resolution is disabled`,
      'write values in full, and without levels that are not in the shipped file',
    ],
    [
      'libvirt: {\n',
      expect.stringContaining(`the configuration ${file} is not valid YAML: `) as string,
      'correct that line',
    ],
    ['ssh: {}\nssh: {}\n', expect.stringContaining('Map keys must be unique') as string, 'correct that line'],
  ])('%j', async (text, what, remedy) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'usage', what, remedy });
  });

  test('a key that would reach a prototype', async () => {
    await expect(read('__proto__: { libvirt: {} }\n')).rejects.toMatchObject({ code: 'usage' });
    expect(Object.hasOwn(Object.prototype, 'libvirt')).toBe(false);
  });
});
