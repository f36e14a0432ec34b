import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type Domain, migrateToSink, until } from '../lab/harness';
import {
  configure,
  expectMigration,
  expectWrites,
  failMigration,
  inspect,
  lastingMigration,
  letGuestWrite,
  libvirtd,
  mendPaths,
  quietDomain,
  reset,
  resetWith,
  shadow,
  storeLayout,
  threadStates,
  tracerOf,
} from './reset-stage';
import { Stage } from './stage';

let stage: Stage;
let vmId = 500;

beforeAll(async () => {
  stage = await Stage.start();
  await storeLayout(stage);
});
afterAll(() => stage.stop());

/** One disk: every failed migration leaves it stuck. */
async function stuck(): Promise<Domain> {
  const domain = await quietDomain(stage, vmId++, 1);
  await failMigration(domain, [0]);
  return domain;
}

/** Two disks, the second broken: the first is left INACTIVE. */
async function halfInactive(): Promise<Domain> {
  const domain = await quietDomain(stage, vmId++, 2);
  await failMigration(domain, [1]);
  return domain;
}

async function expectHealthy(domain: Domain): Promise<void> {
  expect(await inspect(stage, domain)).toMatchObject({ blockState: 'healthy', exit: 0 });
  expect(await domain.state()).toBe('running');
  await expectWrites(domain);
}

describe('without a reset', () => {
  test('a stuck VM never migrates again', async () => {
    const domain = await stuck();
    mendPaths(domain);
    expect(await migrateToSink(domain)).toMatchObject({ status: 'failed' });
    await domain.destroy();
  });

  test('a half-inactive VM dies when its guest writes', async () => {
    const domain = await halfInactive();
    letGuestWrite(domain, 1);
    await until(() => !domain.alive(), { what: 'QEMU dies' });
    await until(() => domain.log().includes('BDRV_O_INACTIVE'), { what: 'the log tells why' });
  });

  test('a half-inactive VM dies of the next migration, though its paths are whole', async () => {
    const domain = await halfInactive();
    mendPaths(domain);
    expect((await migrateToSink(domain)).status).toBeUndefined();
    expect(domain.alive()).toBe(false);
  });
});

describe('each remedy', () => {
  test.each(['cont', 'suspend-resume', 'memory', 'gdb', 'auto'])('%s heals a stuck VM', async (strategy) => {
    const domain = await stuck();
    mendPaths(domain);
    const report = await reset(stage, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 0, result: 'healed', blockState: 'healthy', attempts: [] });
    expect(report.actions).toMatchObject([
      { strategy: strategy === 'auto' ? 'cont' : strategy, outcome: 'done' },
    ]);
    await expectHealthy(domain);
    await expectMigration(domain);
    await domain.destroy();
  });

  test.each(['cont', 'suspend-resume', 'auto'])('%s heals a half-inactive VM', async (strategy) => {
    const domain = await halfInactive();
    mendPaths(domain);
    expect(await reset(stage, domain.name, '--strategy', strategy)).toMatchObject({
      exit: 0,
      result: 'healed',
    });
    await expectHealthy(domain);
    await expectMigration(domain);
    await domain.destroy();
  });

  test.each(['memory', 'gdb'])('%s refuses a half-inactive VM', async (strategy) => {
    const domain = await halfInactive();
    const report = await reset(stage, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'half-inactive' });
    expect(report.what).toContain('INACTIVE');
    await domain.destroy();
  });

  test('nothing is done to a healthy VM', async () => {
    const domain = await quietDomain(stage, vmId++, 1);
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healthy', actions: [] });
    await domain.destroy();
  });

  test('a dry run changes nothing, and prints the script that a person can run', async () => {
    const domain = await stuck();
    const report = await reset(stage, domain.name, '--strategy', 'gdb', '--dry-run');
    expect(report).toMatchObject({ exit: 0, result: 'planned', blockState: 'stuck' });
    const commands = report.actions[0]?.commands ?? [];
    expect(await inspect(stage, domain)).toMatchObject({ blockState: 'stuck' });
    const bash = ['bash', '-c', commands.join('\n')] as const;
    const { stdout } = await stage.host.succeed(bash, { cwd: '/run/migrate-guard-lab' });
    expect(stdout).toContain('migrate-guard: cleared 1');
    await expectHealthy(domain);
    await domain.destroy();
  });

  test('the configured order is obeyed', async () => {
    const domain = await stuck();
    const config = configure(stage, 'reset: { strategies: [gdb] }');
    const report = await reset(stage, domain.name, '--config', config);
    expect(report.actions).toMatchObject([{ strategy: 'gdb', outcome: 'done' }]);
    await domain.destroy();
  });
});

describe('a paused guest stays paused', () => {
  test('stuck: memory heals it, and says why not the others', async () => {
    const domain = await stuck();
    await stage.host.virsh('suspend', domain.name);
    for (const strategy of ['cont', 'suspend-resume']) {
      const refused = await reset(stage, domain.name, '--strategy', strategy);
      expect(refused).toMatchObject({ exit: 1, result: 'refused' });
      expect(refused.what).toContain('would start it');
    }
    const report = await reset(stage, domain.name);
    expect(report.actions).toMatchObject([
      { strategy: 'cont', outcome: 'skipped' },
      { strategy: 'suspend-resume', outcome: 'skipped' },
      { strategy: 'memory', outcome: 'done' },
    ]);
    expect(await domain.state()).toBe('paused');
    mendPaths(domain);
    await stage.host.virsh('resume', domain.name);
    await expectMigration(domain);
    await domain.destroy();
  });

  test('half-inactive: refused with the way out', async () => {
    const domain = await halfInactive();
    await stage.host.virsh('suspend', domain.name);
    const report = await reset(stage, domain.name);
    expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'half-inactive' });
    expect(report.remedy).toContain(`virsh resume ${domain.name}`);
    expect(await domain.state()).toBe('paused');
    await stage.host.virsh('resume', domain.name);
    await expectHealthy(domain);
    await domain.destroy();
  });
});

describe('while something else is under way', () => {
  test('a migration: refused', async () => {
    const domain = await stuck();
    const migration = await lastingMigration(domain, 'active');
    for (const strategy of ['cont', 'suspend-resume', 'memory', 'gdb', 'auto']) {
      const report = await reset(stage, domain.name, '--strategy', strategy);
      expect(report).toMatchObject({ exit: 1, result: 'refused', blockState: 'stuck' });
      expect(report.what).toContain('a migration is under way');
    }
    await migration.cancel();
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });

  test('finish-migrate: undecided, and untouched', async () => {
    const domain = await stuck();
    const migration = await lastingMigration(domain, 'pre-switchover');
    expect(await domain.qmp('query-status')).toMatchObject({ status: 'finish-migrate' });
    expect(await inspect(stage, domain)).toMatchObject({ blockState: 'unknown', exit: 2 });
    for (const strategy of ['cont', 'suspend-resume', 'memory', 'gdb']) {
      const report = await reset(stage, domain.name, '--strategy', strategy);
      expect(report).toMatchObject({ exit: 1, result: 'refused' });
    }
    expect(await domain.qmp('query-status')).toMatchObject({ status: 'finish-migrate' });
    await migration.cancel();
    await until(async () => (await domain.state()) === 'running', { what: 'the guest runs again' });
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await expectHealthy(domain);
    await domain.destroy();
  });

  test.each(['cont', 'suspend-resume', 'memory', 'gdb'])('a block job lives through %s', async (strategy) => {
    const domain = await stuck();
    const image = `/var/lib/one/datastores/job-${vmId}.img`;
    writeFileSync(stage.host.path(image), Buffer.alloc(1024 * 1024));
    await stage.host.succeed(['chown', 'oneadmin:oneadmin', image]);
    await domain.qmp('blockdev-add', { driver: 'file', 'node-name': 'copy', filename: image });
    const job = { 'job-id': 'job', device: 'libvirt-1-format', target: 'copy', sync: 'full', speed: 1 };
    await domain.qmp('blockdev-mirror', job);
    expect(await reset(stage, domain.name, '--strategy', strategy)).toMatchObject({
      exit: 0,
      result: 'healed',
    });
    expect(await domain.qmp('query-block-jobs')).toMatchObject([{ device: 'job' }]);
    await expectHealthy(domain);
    await domain.destroy();
  });
});

describe('libvirtd', () => {
  test('hangs: cont and suspend-resume give up in time, memory heals, nothing happens later', async () => {
    const domain = await stuck();
    const config = configure(stage, 'libvirt: { deadline: 1 }');
    const daemon = await libvirtd(stage);
    await stage.host.succeed(['kill', '-STOP', daemon]);
    try {
      for (const strategy of ['cont', 'suspend-resume']) {
        const report = await reset(stage, domain.name, '--strategy', strategy, '--config', config);
        expect(report).toMatchObject({ exit: 2, result: 'undecided', blockState: 'stuck' });
        expect(report.what).toContain('libvirtd did not answer in time');
      }
      const report = await reset(stage, domain.name, '--config', config);
      expect(report).toMatchObject({ exit: 0, result: 'healed' });
      expect(report.actions[2]).toMatchObject({ strategy: 'memory', outcome: 'done' });
    } finally {
      await stage.host.succeed(['kill', '-CONT', daemon]);
    }
    await expectHealthy(domain);
    await domain.destroy();
  });

  test('hangs between the question and the order: the guest is resumed when libvirtd comes back', async () => {
    const domain = await stuck();
    const config = configure(stage, 'libvirt: { deadline: 1 }');
    const daemon = await libvirtd(stage);
    // The order to suspend is given, and libvirtd stops before it reads it.
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
    const reason = (): Promise<string> => stage.host.virsh('domstate', '--reason', domain.name);
    await until(async () => (await reason()) === 'running (unpaused)', {
      what: 'suspend and resume come to their end',
    });
    await expectHealthy(domain);
    await domain.destroy();
  });

  test('is gone: memory heals', async () => {
    const other = await Stage.start();
    try {
      await storeLayout(other);
      const domain = await quietDomain(other, vmId++, 1);
      await failMigration(domain, [0]);
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

  /** A gdb that attaches and then does nothing for long. */
  const sleeping = `for last in "$@"; do :; done
    [ -f "$last" ] && sed -i 's/^attach .*/&\\nshell exec sleep 60 >\\/dev\\/null 2>\\&1/' "$last"
    exec $real "$@"`;

  test('is killed with -9 while attached: the guest runs on', async () => {
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

  test('does not end: it is killed at its deadline, and the guest runs on', async () => {
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

  test('outlives us: the deadline still holds, and the lock of the dead one does not', async () => {
    const domain = await stuck();
    const env = shadow(stage, 'gdb', sleeping);
    const config = configure(stage, 'reset: { gdb_deadline: 2 }');
    const ended = resetWith(stage, { env }, domain.name, '--strategy', 'gdb', '--config', config).catch(
      () => 'killed',
    );
    await until(() => tracerOf(domain) > 0, { what: 'gdb is attached' });
    process.kill(await holderOf(domain), 'SIGKILL');
    expect(await ended).toBe('killed');
    await until(() => tracerOf(domain) === 0, { what: 'gdb is gone' });
    await until(() => !/[tT]/.test(threadStates(domain)), { what: 'the guest runs on' });
    await domain.expectCounting();
    expect(await reset(stage, domain.name)).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });
});

describe('others', () => {
  test('a second reset is told that the first is at work', async () => {
    const domain = await stuck();
    const gate = `/run/migrate-guard-lab/gate-${domain.vmId}`;
    await stage.host.succeed(['mkfifo', gate]);
    const env = shadow(
      stage,
      'virsh',
      `case "$*" in *'"cont"'*) read -r line <${gate} ;; esac\nexec $real "$@"`,
    );
    const first = resetWith(stage, { env }, domain.name, '--strategy', 'cont');
    const holder = await holderOf(domain);
    const second = await stage.guard('reset', domain.name);
    expect(second.exit).toBe(5);
    expect(second.stderr).toContain(`someone else is working on ${domain.name}`);
    expect(holder).toBeGreaterThan(0);
    await stage.host.succeed(['sh', '-c', `echo go >${gate}`]);
    expect(await first).toMatchObject({ exit: 0, result: 'healed' });
    await domain.destroy();
  });

  test.each([
    ['cont', 'virsh', `*'"cont"'*`],
    ['suspend-resume', 'virsh', '*suspend*'],
    ['gdb', 'gdb', '*-x*'],
  ])('QEMU dies during %s: a person is needed', async (strategy, command, order) => {
    const domain = await stuck();
    const env = shadow(
      stage,
      command,
      `case "$*" in ${order}) kill -KILL ${domain.pid} ;; esac\nexec $real "$@"`,
    );
    const report = await resetWith(stage, { env }, domain.name, '--strategy', strategy);
    expect(report).toMatchObject({ exit: 4, result: 'dead', what: 'QEMU died during the reset' });
  });

  test('no such domain', async () => {
    expect((await stage.guard('reset', 'one-999999')).exit).toBe(2);
    expect((await stage.guard('reset', 'one-1', '--strategy', 'luck')).exit).toBe(64);
  });
});

/** The process, as the real machine counts, that holds the domain's lock. */
async function holderOf(domain: Domain): Promise<number> {
  const claims = stage.host.path(`/run/migrate-guard/${domain.name}.lock`);
  const inner = await until(
    () =>
      existsSync(claims) &&
      readdirSync(claims)
        .find((name) => name.endsWith('.held'))
        ?.split('-')[0],
    { what: `someone holds the lock of ${domain.name}` },
  );
  const namespace = statSync(`/proc/${domain.outerPid}/ns/pid`).ino;
  const found = readdirSync('/proc').find((pid) => {
    try {
      const pids = /^NSpid:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]?.split(/\s+/);
      return statSync(`/proc/${pid}/ns/pid`).ino === namespace && pids?.at(-1) === inner;
    } catch {
      return false;
    }
  });
  return Number(found);
}
