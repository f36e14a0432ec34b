import { lstatSync, readFileSync } from 'node:fs';
import { hookPool, hostPool, useDoctorMachine, type Finding, type Report } from './doctor-machine';

const on = useDoctorMachine();

describe('the settings that scripts need without Node', () => {
  const file = '/etc/migrate-guard/fallback.env';
  const config = '/etc/migrate-guard/config.yaml';
  const reported = (): string => readFileSync(on.machine.path(file), 'utf8');
  const about = ({ findings }: Pick<Report, 'findings'>): Finding[] =>
    findings.filter(({ check }) => check === 'fallback');

  beforeEach(async () => {
    await on.frontEnd(hostPool('kvm1'), hookPool());
    expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=run-mover');
    on.machine.write(config, 'policy: { when_guard_fails: refuse }\n');
  });

  test('doctor writes them after a change of the configuration, and only then', async () => {
    const [changed] = about(await on.doctor());
    expect(changed).toMatchObject({
      state: 'ok',
      what: `${file} was written again, because ${config} was changed`,
    });
    expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=refuse');
    const { ino, mode } = lstatSync(on.machine.path(file));
    expect(mode & 0o7777).toBe(0o644);
    expect(about(await on.doctor())[0]?.what).toContain('says, for scripts without Node');
    expect(lstatSync(on.machine.path(file)).ino).toBe(ino);
  });

  test('doctor of another user, or from the front-end, reports it and writes nothing', async () => {
    const said = await on.machine.oneadmin(['/usr/sbin/migrate-guard', 'doctor', '--json']);
    const problem = {
      state: 'problem',
      what: `${file} is not what ${config} says: without Node nothing is moved`,
      remedy: 'run migrate-guard doctor as root, here',
    };
    expect(about(JSON.parse(said.stdout) as Report)).toMatchObject([problem]);
    const asked = await on.doctor('--host', 'kvm1');
    expect(about({ findings: asked.hosts[0]?.findings ?? [] })).toMatchObject([problem]);
    expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=run-mover');
  });

  test.each([
    ['a link', `mv ${file} /etc/other && ln -s /etc/other ${file}`],
    ['another user’s', `chown oneadmin ${file}`],
    ['missing', `rm ${file}`],
    ['cut short', `truncate --size=20 ${file}`],
  ])('a file that is %s is replaced, whatever the umask', async (_, spoil) => {
    expect(await on.machine.root(['sh', '-c', spoil])).toMatchObject({ exit: 0 });
    await on.machine.root(['sh', '-c', 'umask 077; migrate-guard doctor']);
    const { mode, uid } = lstatSync(on.machine.path(file));
    expect([mode & 0o170777, uid]).toEqual([0o100644, 0]);
    expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=refuse');
  });

  test('root writes nothing where other users could exchange it', async () => {
    await on.machine.root(['chmod', 'o+w', '/etc/migrate-guard']);
    const [refused] = about(await on.doctor());
    expect(refused).toMatchObject({
      state: 'problem',
      what: expect.stringContaining('can be changed by others than root') as string,
    });
    expect(reported()).toContain('POLICY_WHEN_GUARD_FAILS=run-mover');
  });
});
