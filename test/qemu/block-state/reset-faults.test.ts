import type { ResetReport } from '../../../src/block-state/reset-report';
import { type Domain, until } from '../../lab/harness';
import {
  configure,
  expectHealthy,
  halfInactiveDomain,
  holderOf,
  inspect,
  libvirtd,
  reset,
  resetWith,
  shadow,
  standAtWork,
  storeLayout,
  stuckDomain,
  threadStates,
  tracerOf,
} from './reset-testbed';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// A program that a reset needs hangs, is missing or dies, or another process interferes: the guest continues to run,
// and nothing happens later.

let stage: Stage;
let vmId = 800;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
});
afterAll(() => ifMade(stage, (made) => made.stop()));

const stuck = (): Promise<Domain> => stuckDomain(stage, vmId++);

describe('libvirtd', () => {
  test('hangs: cont and suspend-resume give up in time, memory resets it, nothing happens later', async () => {
    const domain = await stuck();
    const config = configure(stage, 'libvirt: { deadline: 1 }');
    const daemon = await libvirtd(stage);
    await stage.host.succeed(['kill', '-STOP', daemon]);
    try {
      for (const strategy of ['cont', 'suspend-resume']) {
        const report = await reset(stage, domain.name, '--strategy', strategy, '--config', config);
        expect(report).toMatchObject({ exit: 2, result: 'undecided', blockState: 'stuck' });
        expect(report.what).toContain('libvirt did not answer in time');
      }
      const report = await reset(stage, domain.name, '--config', config);
      expect(report).toMatchObject({ exit: 0, result: 'healed' });
      expect(report.actions[2]).toMatchObject({ strategy: 'memory', outcome: 'done' });
    } finally {
      await stage.host.succeed(['kill', '-CONT', daemon]);
    }
    await expectHealthy(stage, domain);
    await domain.destroy();
  });

  test('hangs between the query and the command: the guest is resumed when libvirtd continues', async () => {
    const domain = await stuck();
    const config = configure(stage, 'libvirt: { deadline: 1 }');
    const daemon = await libvirtd(stage);
    // The suspend command is sent, and libvirtd stops before it reads it.
    const env = shadow(
      stage,
      'virsh',
      `case "$*" in *suspend*) kill -STOP ${daemon} ;; esac\nexec $real "$@"`,
    );
    try {
      const args = [domain.name, '--strategy', 'suspend-resume', '--config', config];
      const report = await resetWith(stage, { env }, ...args);
      expect(report).toMatchObject({ exit: 3, result: 'failed', blockState: 'stuck' });
    } finally {
      await stage.host.succeed(['kill', '-CONT', daemon]);
    }
    const healed = async (): Promise<boolean> => (await inspect(stage, domain)).blockState === 'healthy';
    await until(healed, { what: 'suspend and resume come to their end' });
    await expectHealthy(stage, domain);
    await domain.destroy();
  });

  test('is killed between suspend and resume: an operator is needed, and no other remedy hides it', async () => {
    const other = await Stage.start();
    try {
      await storeLayout(other);
      const domain = await stuckDomain(other, vmId++);
      const config = configure(other, 'reset: { strategies: [suspend-resume, memory] }');
      const daemon = await libvirtd(other);
      const virsh = '$real --quiet --connect qemu:///system';
      const env = shadow(
        other,
        'virsh',
        `case "$*" in *suspend*) ${virsh} suspend ${domain.name}; kill -KILL ${daemon} ;; esac\nexec $real "$@"`,
      );
      const report = await resetWith(other, { env }, domain.name, '--config', config);
      expect(report).toMatchObject({ exit: 4, result: 'paused', remedy: `virsh resume ${domain.name}` });
      expect(report.what).toBe('the guest was suspended and could not be resumed: it is paused');
      expect(report.actions).toMatchObject([{ strategy: 'suspend-resume', outcome: 'failed' }]);
      expect(domain.alive()).toBe(true);
    } finally {
      await other.stop();
    }
  });

  test('is gone: memory resets it', async () => {
    const other = await Stage.start();
    try {
      await storeLayout(other);
      const domain = await stuckDomain(other, vmId++);
      const daemon = await libvirtd(other);
      await other.host.succeed(['kill', '-KILL', daemon]);
      const report = await reset(other, domain.name);
      expect(report).toMatchObject({ exit: 0, result: 'healed' });
      expect(report.actions.map(({ strategy, outcome }) => `${strategy} ${outcome}`)).toEqual([
        'cont skipped',
        'suspend-resume skipped',
        'memory done',
      ]);
      expect(domain.alive()).toBe(true);
    } finally {
      await other.stop();
    }
  });
});

describe('gdb', () => {
  test('is missing: refused', async () => {
    const domain = await stuck();
    const env = shadow(stage, 'gdb');
    const report = await resetWith(stage, { env }, domain.name, '--strategy', 'gdb');
    expect(report).toMatchObject({ exit: 1, result: 'refused', what: 'gdb: gdb is not installed' });
    await domain.destroy();
  });

  /** A gdb that attaches and then does nothing for a long time. */
  const sleeping = `for last in "$@"; do :; done
    [ -f "$last" ] && sed -i 's/^attach .*/&\\nshell exec sleep 60 >\\/dev\\/null 2>\\&1/' "$last"
    exec $real "$@"`;

  test('is killed with -9 while attached: the guest continues to run', async () => {
    const domain = await stuck();
    const env = shadow(stage, 'gdb', sleeping);
    const config = configure(stage, 'reset: { gdb_deadline: 20 }');
    const ended = resetWith(stage, { env }, domain.name, '--strategy', 'gdb', '--config', config);
    const gdb = await until(() => tracerOf(domain) || undefined, { what: 'gdb is attached' });
    await until(() => /^t+$/.test(threadStates(domain)), { what: 'the guest stands still' });
    process.kill(gdb, 'SIGKILL');
    expect(await ended).toMatchObject({ exit: 3, result: 'failed', blockState: 'stuck' });
    expect(threadStates(domain)).not.toMatch(/[tT]/);
    await domain.expectCounting();
    expect(await reset(stage, domain.name)).toMatchObject({ result: 'healed' });
    await domain.destroy();
  });

  test('does not end: it is killed at its deadline, and the guest continues to run', async () => {
    const domain = await stuck();
    const env = shadow(stage, 'gdb', sleeping);
    const config = configure(stage, 'reset: { gdb_deadline: 1 }');
    const report = await resetWith(stage, { env }, domain.name, '--strategy', 'gdb', '--config', config);
    expect(report).toMatchObject({ exit: 3, result: 'failed' });
    expect(report.what).toContain('did not end within 1 s');
    expect(tracerOf(domain)).toBe(0);
    await domain.expectCounting();
    await domain.destroy();
  });

  test('outlives migrate-guard: its deadline still applies, and the lock of the dead process does not', async () => {
    const domain = await stuck();
    const env = shadow(stage, 'gdb', sleeping);
    // The deadline is long enough for the test to find gdb attached, on any machine.
    const config = configure(stage, 'reset: { gdb_deadline: 10 }');
    const ended = resetWith(stage, { env }, domain.name, '--strategy', 'gdb', '--config', config).catch(
      () => 'killed',
    );
    await until(() => tracerOf(domain) > 0, { what: 'gdb is attached' });
    process.kill(await holderOf(stage, domain), 'SIGKILL');
    expect(await ended).toBe('killed');
    await until(() => tracerOf(domain) === 0, { what: 'gdb is gone', deadline: 60_000 });
    await until(() => !/[tT]/.test(threadStates(domain)), { what: 'the guest runs on' });
    await domain.expectCounting();
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });
});

describe('other processes', () => {
  test('a second reset reports that the first is running', async () => {
    const domain = await stuck();
    const goOn = await standAtWork(stage, domain);
    const second = await stage.guard('reset', domain.name);
    expect(second.exit).toBe(5);
    expect(second.stderr).toContain(`${domain.name} is locked by another migrate-guard`);
    expect(await goOn()).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });

  test('--all skips a VM on which another process works, and resets a half-inactive one without any layout', async () => {
    const [busy, ill] = [await stuck(), await halfInactiveDomain(stage, vmId++)];
    const config = configure(stage, 'reset: { layout_directory: /nonexistent }');
    const goOn = await standAtWork(stage, busy);
    const { exit, stdout } = await stage.guard('reset', '--all', '--json', '--config', config);
    const { domains } = JSON.parse(stdout) as { domains: ResetReport[] };
    expect(domains).toMatchObject([
      { domain: busy.name, result: 'busy', blockState: 'unknown' },
      { domain: ill.name, result: 'healed', blockState: 'healthy' },
    ]);
    expect(exit).toBe(5);
    expect(await goOn()).toMatchObject({ exit: 0, result: 'healed' });
    // This command has the layout and reads the memory.
    await expectHealthy(stage, ill);
    await Promise.all([busy.destroy(), ill.destroy()]);
  });

  test.each([
    ['cont', 'virsh', `*'"cont"'*`],
    ['suspend-resume', 'virsh', '*suspend*'],
    ['gdb', 'gdb', '*-x*'],
  ])('QEMU dies during %s: an operator is needed', async (strategy, command, order) => {
    const domain = await stuck();
    const env = shadow(
      stage,
      command,
      `case "$*" in ${order}) kill -KILL ${domain.pid} ;; esac\nexec $real "$@"`,
    );
    const report = await resetWith(stage, { env }, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 4, result: 'dead', what: 'QEMU died during the reset' });
  });
});
