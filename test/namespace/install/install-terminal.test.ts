import { chmodSync } from 'node:fs';
import { oneadmin, onedConf } from '../installation/machine-tree';
import { useMachine } from '../installation/use-machine';
import { hasEnded, TerminalOf } from '../terminal/terminal-of';
import { expectNothingStolen, expectUnmoved, notes, thief } from '../terminal/thief';

/** install.sh, started by root at a terminal: what it does as OpenNebula's user, who can trace these processes. */

const on = useMachine();

function program(path: string, text: string): void {
  on.machine.write(path, text);
  chmodSync(on.machine.path(path), 0o755);
}

/** Makes each of these programs run this first, if its user is not root. */
async function intrude(first: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    expect(await on.machine.root(['mv', `/usr/bin/${name}`, `/usr/bin/real-${name}`])).toMatchObject({
      exit: 0,
    });
    program(
      `/usr/bin/${name}`,
      `#!/bin/bash\n[[ $EUID == 0 ]] || { ${first}; }\nexec -a ${name} /usr/bin/real-${name} "$@"\n`,
    );
  }
}

beforeEach(async () => {
  const make = `install -d -m 1777 ${notes}
    mkdir -p /etc/one /var/lib/one/remotes/vmm/kvm && echo 7.0.0 >/var/lib/one/remotes/VERSION
    chown -R oneadmin: /var/lib/one/remotes`;
  expect(await on.machine.root(['sh', '-c', make])).toMatchObject({ exit: 0 });
  on.machine.write('/etc/one/oned.conf', onedConf());
  program('/mnt/thief', thief);
});

test.each([
  ['installs', [], ['frontend'], ['mkdir', 'chmod', 'mv']],
  ['uninstalls', ['frontend'], ['uninstall'], ['rm', 'rmdir']],
])('it %s: they get nothing of the terminal', async (_, before, words, names) => {
  const install = on.source.file('install.sh');
  if (before.length > 0) expect(await on.machine.root([install, ...before])).toMatchObject({ exit: 0 });
  await intrude('/mnt/thief', ...names);
  const { exit, shown } = await TerminalOf.root(on.machine.enter, [install, ...words]).ended;
  expectNothingStolen((path) => on.machine.path(path), oneadmin, ['thief']);
  expectUnmoved(shown);
  expect(shown).toContain('?]0;stolen? ??stolen\r\n');
  expect(exit).toBe(0);
});

test('Ctrl-C ends them', async () => {
  await intrude(`sleep 600 & echo $$ $! >${notes}/pids; wait`, 'mkdir');
  const terminal = TerminalOf.root(on.machine.enter, [on.source.file('install.sh'), 'frontend']);
  const pids = await terminal.hasWritten(on.machine.path(`${notes}/pids`));
  terminal.press('\u0003');
  expect(await terminal.ended).toMatchObject({ exit: 130 });
  for (const pid of pids) await hasEnded(Number(pid));
});

test('an invalid version is shown, not interpreted', async () => {
  on.machine.write('/var/lib/one/remotes/VERSION', '\u001b]0;stolen\u0007 \u009b\n');
  const { exit, shown } = await TerminalOf.root(on.machine.enter, [on.source.file('install.sh'), 'frontend'])
    .ended;
  expectUnmoved(shown);
  expect(exit).toBe(1);
});

test('a text in oned.conf is shown, not interpreted', async () => {
  on.machine.write('/etc/one/oned.conf', onedConf('-t 15 \u001b]0;stolen\u0007 \u009b kvm'));
  const { exit, shown } = await TerminalOf.root(on.machine.enter, [on.source.file('install.sh'), 'frontend'])
    .ended;
  expectUnmoved(shown);
  expect(shown).toContain('\\x1b]0;stolen\\x07 \\x9b kvm"\r\n');
  expect(exit).toBe(0);
});
