import { lstatSync } from 'node:fs';
import { ifMade } from '../../support/if-made';
import { door, knock, pwned, request, startHost, theirs, version } from '../installation/sudo-entry';
import { Package } from '../installation/package';
import type { PrivateMachine } from '../installation/private-machine';

/**
 * OpenNebula's user sends requests to the agent through the sudo rule: a request that the front-end never sends has
 * no effect.
 */

let source: Package;
let machine: PrivateMachine;
let before: string;

beforeAll(async () => {
  source = await Package.make();
  machine = await startHost(source);
  await knock(machine, [request()]);
  before = await machine.picture();
});
afterAll(async () => {
  await ifMade(machine, (made) => made.end());
  ifMade(source, (made) => made.remove());
});

const harm = `$(touch ${pwned});touch ${pwned}|\`touch ${pwned}\``;
const move = { action: 'migrate', domain: '1', destination: 'kvm2', checkDestination: true };
const repair = { action: 'repair', domain: '1', dryRun: false };
const reset = { action: 'reset', domain: '1', dryRun: false };
const link = { link: '/dev/a', target: 'b' };
const long = 'a'.repeat(1024 * 1024);

function foresee(...changes: readonly unknown[]): string {
  return request({ action: 'foresee', changes });
}

describe('hostile requests have no effect', () => {
  test.each([
    ['no JSON', harm, 'not a JSON object'],
    ['an array', '[1]', 'not a JSON object'],
    ['a number', '7', 'not a JSON object'],
    ['nothing', '', 'not a JSON object'],
    ['an unknown key', request({ config: '/var/lib/one/evil.yaml' }), 'state takes no "config"'],
    ['a prototype', `{"version":"VERSION","action":"state","__proto__":{"dryRun":true}}`, 'no "__proto__"'],
    ['a constructor', request({ constructor: 'x' }), 'state takes no "constructor"'],
    ['an action of the prototype', request({ action: 'toString' }), 'no action'],
    ['an action that is a path', request({ action: '../repair' }), 'no action'],
    ['a list of actions', request({ action: ['audit'] }), 'no action'],
    ['another release', request({ version: '99.0.0' }), 'the front-end has migrate-guard 99.0.0'],
    [
      'another release with an unknown action and member',
      request({ version: '99.0.0', action: 'tidy', later: [1] }),
      'the front-end has migrate-guard 99.0.0',
    ],
    ['a release that is a megabyte', request({ version: long }), 'no version'],
    ['shell in the domain', request({ ...repair, domain: harm }), 'is not a deploy id'],
    [
      'a path with .. as the domain',
      request({ ...repair, domain: '../../../etc/passwd' }),
      'is not a deploy id',
    ],
    ['a line end in the domain', request({ ...repair, domain: 'one-1\nx' }), 'is not a deploy id'],
    ['an option as domain', request({ ...repair, domain: '--all' }), 'is not a deploy id'],
    ['a list of domains', request({ ...repair, domain: ['one-1'] }), 'the domain is not a text'],
    ['no domain', request({ ...repair, domain: undefined }), 'repair needs domain'],
    [
      'an option of ssh',
      request({ ...move, destination: `-oProxyCommand=touch ${pwned}` }),
      'is not a valid host name',
    ],
    ['shell in the destination', request({ ...move, destination: harm }), 'is not a valid host name'],
    ['a user in the destination', request({ ...move, destination: 'root@kvm2' }), 'is not a valid host name'],
    ['a destination that is a megabyte', request({ ...move, destination: long }), 'is not a valid host name'],
    [
      'a destination that is not a text',
      request({ ...move, destination: {} }),
      'the destination is not a text',
    ],
    ['text for a flag', request({ ...repair, dryRun: 'no' }), 'dryRun is neither'],
    ['a domain that is not there', request({ ...repair, domain: 'one-4711' }), 'no domain one-4711 runs'],
    [
      'a domain that OpenNebula did not make',
      request({ ...repair, domain: theirs.uuid }),
      'is not a VM that Open',
    ],
    ['its name', request({ ...repair, domain: 'theirs' }), 'is not a deploy id'],

    ['audit of one domain', request({ action: 'audit', domain: 'one-1' }), 'audit takes no "domain"'],
    ['audit with a map', request({ action: 'audit', changes: [link] }), 'audit takes no "changes"'],
    ['audit to a host', request({ action: 'audit', destination: 'kvm2' }), 'audit takes no "destination"'],
    ['a dry audit', request({ action: 'audit', dryRun: true }), 'audit takes no "dryRun"'],

    ['foresee without a map', request({ action: 'foresee' }), 'foresee needs changes'],
    ['foresee of one domain', request({ action: 'foresee', changes: [], domain: '1' }), 'takes no "domain"'],
    ['a map that is nothing', request({ action: 'foresee', changes: null }), 'changes is not a list'],
    ['a map that is text', request({ action: 'foresee', changes: '/dev/a b' }), 'changes is not a list'],
    ['a map like a list', request({ action: 'foresee', changes: { 0: link, length: 2e9 } }), 'is not a list'],
    ['a link that is nothing', foresee(link, null), 'changes[1] is not a link'],
    ['a link that is a pair', foresee(['/dev/a', 'b']), 'changes[0] is not a link'],
    ['a link that is a number', foresee({ ...link, link: 7 }), 'changes[0] is not a link'],
    ['a link with more', foresee({ ...link, owner: 0 }), 'changes[0] is not a link'],
    [
      'a link of the prototype',
      `{"version":"VERSION","action":"foresee","changes":[{"__proto__":${JSON.stringify(link)}}]}`,
      'changes[0] is not a link',
    ],
    ['a link that is relative', foresee({ ...link, link: 'etc/passwd' }), 'changes[0] is not a link'],
    ['a link with a line end', foresee({ ...link, link: '/dev/a\n/etc/passwd' }), 'changes[0] is not a link'],
    ['a link with a NUL', foresee({ ...link, link: '/dev/a\0' }), 'changes[0] is not a link'],
    ['a link longer than a path', foresee({ ...link, link: `/${long}` }), 'changes[0] is not a link'],
    ['no target', foresee({ link: '/dev/a' }), 'changes[0] is not a link'],
    ['an empty target', foresee({ ...link, target: '' }), 'changes[0] is not a link'],
    ['two targets', foresee({ ...link, target: 'b c' }), 'changes[0] is not a link'],
    ['a link twice', foresee(link, { ...link, target: 'c' }), 'changes[1] names "/dev/a" a second time'],

    ['reset of all', request({ ...reset, domain: 'all' }), 'is not a deploy id'],
    ['reset of a list', request({ ...reset, domain: ['one-1', 'one-2'] }), 'the domain is not a text'],
    ['reset of a path', request({ ...reset, domain: '/run/libvirt/qemu/theirs.xml' }), 'is not a deploy id'],
    [
      'reset of what OpenNebula did not make',
      request({ ...reset, domain: theirs.uuid }),
      'is not a VM that Open',
    ],
    ['reset by a strategy', request({ ...reset, strategy: 'gdb' }), 'reset takes no "strategy"'],
    ['reset with a map', request({ ...reset, changes: [link] }), 'reset takes no "changes"'],
    [
      'reset with a layout',
      request({ ...reset, layout: '/var/lib/one/evil.json' }),
      'reset takes no "layout"',
    ],
    ['reset, dry or not', request({ ...reset, dryRun: 1 }), 'dryRun is neither'],
    ['reset without a word about it', request({ ...reset, dryRun: undefined }), 'reset needs dryRun'],
    [
      'reset to an option of ssh',
      request({ ...reset, destination: '-F/var/lib/one/ssh' }),
      'is not a valid host name',
    ],
  ])('%s', async (_, line, why) => {
    const { exit, stdout } = await knock(machine, [line.replace('VERSION', version)]);
    expect([2, 64, 77]).toContain(exit);
    const end = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { what: string };
    expect(end).toMatchObject({
      kind: 'end',
      result: expect.stringMatching(/^(refused|not-running|not-deployed)$/) as string,
    });
    expect(end.what).toContain(why);
    expect(await machine.picture()).toBe(before);
  });

  test('a refused request is not logged, however long it is', async () => {
    const log = machine.path('/var/log/migrate-guard/host.log');
    const { size } = lstatSync(log);
    const lines = [
      request({ ...move, destination: long }),
      request({ ...repair, domain: long }),
      request({ version: long }),
      request({ [long]: 1 }),
    ];
    for (const line of lines) await knock(machine, [line]);
    expect(lstatSync(log).size - size).toBeLessThan(8192);
  });

  test('a request that never ends is refused as soon as it is too long, and no more of it is read', async () => {
    // Writes half a gigabyte without a line end, and prints how much of it was read.
    const flood = `$SIG{PIPE} = 'IGNORE'; my ($piece, $sent) = ('x' x 65536, 0);
      while ($sent < 512 * 1024 * 1024) { my $taken = syswrite STDOUT, $piece or last; $sent += $taken }
      print STDERR $sent;`;
    const shell = ['sh', '-c', `perl -e '${flood}' | ${door.join(' ')}`];
    const { stdout, stderr } = await knock(machine, [], shell);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'end',
      exit: 64,
      result: 'refused',
      what: 'the request is longer than 4 MiB',
    });
    // No more than what pipes and buffers hold.
    expect(Number(stderr)).toBeLessThan(16 * 1024 * 1024);
  });
});

describe('actions that read all VMs', () => {
  const many = Array.from({ length: 60_000 }, (_, index) => ({
    link: `/mnt/${index}`,
    target: '/etc/shadow',
  }));

  test.each([
    ['audit', request({ action: 'audit' })],
    ['foresee, with as many links as a request holds', foresee(...many)],
  ])('%s: reports nothing about domains that are not OpenNebula’s, and changes nothing', async (_, line) => {
    const log = machine.path('/var/log/migrate-guard/host.log');
    const { size } = lstatSync(log);
    const { exit, stdout } = await knock(machine, [line]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as object);
    expect(exit).toBe(0);
    expect(lines).toMatchObject([
      { kind: 'hello' },
      { kind: 'end', what: expect.stringMatching(/^0 VMs/) as string },
    ]);
    expect(await machine.picture()).toBe(before);
    // Repeated requests must not fill /var.
    expect(lstatSync(log).size - size).toBeLessThan(4096);
  });
});
