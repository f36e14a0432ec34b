import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { put } from './install-in-lab';
import { useOpenNebulaStage } from './opennebula-stage';

/** The driver on a machine where its guard is missing or broken. */

const stage = useOpenNebulaStage();
const local = 'migrate-guard';

describe('a guard that cannot run', () => {
  const cases = [
    ['no agent', 'kvm1', ['rm', '/usr/lib/migrate-guard/migrate-guard']],
    [
      'an agent of another release',
      'kvm1',
      [
        'sh',
        '-c',
        'cd /usr/lib/migrate-guard && mv migrate-guard real && install /dev/stdin migrate-guard <<"END"\n#!/bin/sh\nsed -u \'s/"version":"[0-9.]*"/"version":"9.9.9"/\' | /usr/lib/migrate-guard/real host\nEND',
      ],
    ],
    [
      'an agent that hangs',
      'kvm1',
      ['sh', '-c', 'printf "#!/bin/sh\\nexec sleep 100\\n" >/usr/lib/migrate-guard/migrate-guard'],
    ],
    ['sudo refuses', 'kvm1', ['rm', '/etc/sudoers.d/migrate-guard']],
    ['no Node on the front-end', 'front', ['mv', '/usr/bin/node', '/usr/bin/node.away']],
    [
      'no plugin on the front-end',
      'front',
      ['rm', '/var/lib/one/remotes/migrate-guard/plugin.cjs', '/usr/lib/migrate-guard/plugin.cjs'],
    ],
  ] as const satisfies readonly (readonly [string, string, readonly [string, ...string[]]])[];

  test.each(cases)('%s: a healthy VM is moved without it, and this is reported', async (_, on, breakIt) => {
    const domain = await stage.startDomain();
    const host = stage.lab.host(on);
    // An admin runs doctor after a change of the configuration: it writes the values that the shell scripts read.
    if (on === 'front') await host.run(['/usr/sbin/migrate-guard', 'doctor']);
    await host.succeed(breakIt);
    try {
      const moved = await stage.migrate(domain, 'kvm2', { local });
      expect(moved.log).toContainEqual(
        expect.stringMatching(/^\[W\]: migrate-guard: .*the guard cannot run: /),
      );
      expect(moved.exit).toBe(0);
      expect(stage.notRun(domain)).toMatchObject([
        { action: 'migrate', source: 'kvm1', destination: 'kvm2', guard: 'could-not-run' },
      ]);
      await stage.expectAliveOn('kvm2', domain);
      stage.configure('policy:\n  when_guard_fails: refuse\n');
      const back = domain.on(stage.lab.host('kvm2'));
      if (on === 'front') {
        const refused = await stage.migrate(back, 'kvm1', { local });
        expect([refused.exit, refused.reply]).toEqual([2, expect.stringContaining('the guard cannot run')]);
      }
      await back.destroy();
    } finally {
      await stage.install(host);
    }
  });

  test('but not if it started and died: the VM may be half reset, so it is not moved', async () => {
    const domain = await stage.startDomain();
    const { version } = JSON.parse(readFileSync(join(__dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    const hello = `{"kind":"hello","version":"${version}"}`;
    put(domain.host, '/usr/lib/migrate-guard/migrate-guard', `#!/bin/sh\necho '${hello}'\n`, 0o755);
    try {
      const refused = await stage.migrate(domain, 'kvm2', { local });
      expect([refused.exit, refused.reply]).toEqual([
        2,
        expect.stringContaining('the connection to the guard was lost'),
      ]);
      const vetoed = await stage.tm('migrate-guard/premigrate', domain, 'kvm2');
      expect([vetoed.exit, vetoed.reply]).toEqual([
        2,
        expect.stringContaining('the connection to the guard was lost'),
      ]);
    } finally {
      await stage.install(domain.host);
    }
    await stage.expectEndOn('kvm1', domain);
  });

  test('and a site whose policy refuses', async () => {
    const domain = await stage.startDomain();
    const host = stage.lab.host('kvm1');
    await host.succeed(['rm', '/etc/sudoers.d/migrate-guard']);
    stage.configure('policy: { when_guard_fails: refuse }\n');
    const refused = await stage.migrate(domain, 'kvm2', { local });
    await stage.install(host);
    expect([refused.exit, refused.reply]).toEqual([
      2,
      expect.stringMatching(/^migrate-guard: .*the guard cannot run: .*\.$/),
    ]);
    await stage.expectEndOn('kvm1', domain);
  });

  test('a configuration with a mistake in another section, or in the fallback settings', async () => {
    const domain = await stage.startDomain();
    stage.configure('polizy: {}\n');
    const refused = await stage.migrate(domain, 'kvm2', { local });
    expect([refused.exit, refused.log]).toEqual([
      2,
      expect.arrayContaining([expect.stringContaining('the key polizy is not known')]),
    ]);
    await stage.expectAliveOn('kvm1', domain);
    stage.configure('libvrit: {}\n');
    const moved = await stage.migrate(domain, 'kvm2', { local });
    expect(moved.exit).toBe(0);
    expect(moved.log).toContainEqual(expect.stringContaining('the key libvrit is not known'));
    await stage.expectEndOn('kvm2', domain);
  });
});
