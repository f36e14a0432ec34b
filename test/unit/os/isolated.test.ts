import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { withDescriptors } from '../../../src/os/isolated';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

test('the user’s .bashrc does not run before the command', async () => {
  writeFileSync(
    join(home, '.bashrc'),
    'echo "words of .bashrc"; shopt -s execfail; exec() { echo taken; }\n',
  );
  const [file, ...args] = withDescriptors(3, ['/bin/echo', 'the command']);
  // Node's pipes are sockets; with one on its standard input bash assumes a remote shell, and reads .bashrc.
  const child = spawn(file, args, {
    env: { HOME: home, PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end();
  expect(await text(child.stdout)).toBe('the command\n');
});
