import { chmodSync } from 'node:fs';
import { useLittleCloud, type Driven } from '../installation/fake-cloud-machine';
import { oneadmin } from '../installation/machine-tree';

/**
 * The settings that the drivers use if the guard cannot run: the mover and the policy that the site has configured.
 */

const on = useLittleCloud('all');
const tweaks = ['lib/one/remotes/vmm/kvm/migrate-tweaks one-310 kvm2 kvm1 310 kvm1'];
const stock = ['tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1'];

const frontend = 'opennebula:\n  migrate: frontend:migrate-tweaks\n';
const refuse = 'policy:\n  when_guard_fails: refuse\n';

describe('a configuration with a mistake', () => {
  test.each([
    [
      'a key',
      'reset:\n  gdb_deadlin: 7\n',
      'the key reset.gdb_deadlin is not known (did you mean reset.gdb_deadline?)',
    ],
    ['a value', 'reset:\n  gdb_deadline: soon\n', 'reset.gdb_deadline: Invalid type'],
    ['a section', 'libvrit: {}\n', 'the key libvrit is not known'],
    ['how hosts are reached', 'ssh:\n  usr: oneadmin\n', 'the key ssh.usr is not known'],
  ])('%s: the configured mover runs, and the policy applies', async (_, mistake, why) => {
    on.cloud.configure(frontend + mistake);
    const moved = await on.cloud.migrate();
    expect(moved).toMatchObject({ exit: 0, ran: tweaks });
    expect(moved.stderr).toMatch(/^WARN: 310 migrate-guard: one-310: the guard cannot run: /);
    expect(moved.stderr).toContain(why);
    on.cloud.configure(mistake);
    expect(await on.cloud.migrate()).toMatchObject({ exit: 0, ran: stock });
    on.cloud.configure(frontend + mistake + refuse);
    const refused = await on.cloud.migrate();
    expect(refused).toMatchObject({ exit: 2, ran: [] });
    expect(refused.stderr).toContain(why);
    const vetoed = await on.cloud.tm('premigrate', 'kvm1', 'kvm2', '/310', '310', '0');
    expect(vetoed).toMatchObject({ exit: 2, stderr: expect.stringContaining(why) as string });
  });

  test.each([
    ['no YAML', `${frontend}reset: {\n`, 'is not valid YAML', 'correct that line'],
    ['a key twice', `${frontend}${frontend}`, 'is not valid YAML', 'correct that line'],
    ['no sections', '- opennebula\n', 'sections with keys are expected', 'see the shipped file'],
    ['no such script', 'opennebula: { migrate: ../x }\n', 'Invalid name of a script', 'see the shipped file'],
    [
      'its key',
      'opennebula: { migrat: x }\n',
      'key opennebula.migrat is not',
      'did you mean opennebula.migrate?',
    ],
    ['its section', 'opennebulla: { migrate: x }\n', 'key opennebulla is not', 'did you mean opennebula?'],
    [
      'its place',
      'opennebula:\nmigrate: frontend:migrate-tweaks\n',
      'migrate: Invalid type',
      'see the shipped',
    ],
    ['no such policy', 'policy: { when_guard_fails: no }\n', 'policy.when_guard_fails: Invalid', 'see the'],
    ['the policy’s section', 'polizy: {}\n', 'the key polizy is not known', 'did you mean policy?'],
  ])('in the fallback settings (%s): nothing is guessed, nothing is moved', async (_, yaml, why, remedy) => {
    on.cloud.configure(yaml);
    const { exit, stderr, ran } = await on.cloud.migrate();
    expect({ exit, ran }).toEqual({ exit: 2, ran: [] });
    const [first, second, third] = stderr.split('\n');
    // The first line is for the VM's ERROR: OpenNebula 7 leaves out the others, and 6 truncates the joined lines.
    expect(first).toMatch(/^migrate-guard: the guard cannot run.{1,48}[.?]$/);
    expect(second).toMatch(
      /^ERROR: migrate-guard: one-310: the guard cannot run, and what to run without it cannot be determined: /,
    );
    expect(second).toContain(why);
    expect(third).toContain(`ERROR: migrate-guard: -> ${remedy}`);
  });

  test('a file that OpenNebula’s user may not read: nothing is guessed, nothing is moved', async () => {
    on.cloud.configure(frontend);
    chmodSync(on.cloud.machine.path('/etc/migrate-guard/config.yaml'), 0o600);
    const { exit, stderr, ran } = await on.cloud.migrate();
    expect({ exit, ran }).toEqual({ exit: 2, ran: [] });
    expect(stderr).toMatch(/cannot be read: EACCES\n.* -> see ls -l \/etc/);
  });

  test('a datastore driver’s script needs no mover, only the policy', async () => {
    const words = ['kvm1', 'kvm2', '/310', '310', '0'];
    on.cloud.configure('opennebula: { migrate: ../x }\n');
    const asked = await on.cloud.tm('premigrate', ...words);
    expect(asked).toMatchObject({
      exit: 0,
      stderr: expect.stringMatching(/^WARN: .*Invalid name/) as string,
    });
    on.cloud.configure('policy: { when_guard_fails: no }\n');
    expect(await on.cloud.tm('premigrate', ...words)).toMatchObject({ exit: 2 });
  });
});

test.each(['premigrate', 'failmigrate'] as const)(
  '%s prints its own name if arguments are missing',
  async (name) => {
    const { exit, stderr } = await on.cloud.tm(name, 'kvm1', 'kvm2');
    expect([exit, stderr.split('\n')[1]]).toEqual([
      64,
      expect.stringMatching(`^ERROR: migrate-guard: ${name}: SOURCE DESTINATION VM_DIRECTORY VM_ID`),
    ]);
  },
);

describe('without Node', () => {
  const config = '/etc/migrate-guard/config.yaml';
  const fallback = '/etc/migrate-guard/fallback.env';

  /** The admin changes the configuration and runs doctor; then Node disappears. */
  async function migrateAfter(yaml: string, then = ''): Promise<Driven> {
    await configured(yaml);
    return migrateWithoutNode(then);
  }

  async function configured(yaml: string): Promise<void> {
    await on.cloud.shell(`rm -rf ${fallback}`);
    on.cloud.configure(yaml);
    expect(await on.cloud.doctor()).toContainEqual(
      expect.objectContaining({ check: 'fallback', state: 'ok', path: fallback }),
    );
  }

  async function migrateWithoutNode(then: string): Promise<Driven> {
    await on.cloud.shell(then);
    await on.cloud.hideNode();
    try {
      return await on.cloud.migrate();
    } finally {
      await on.cloud.showNode();
    }
  }

  test.each([
    ['opennebula:\n  migrate: frontend:migrate-tweaks\n', tweaks],
    ['opennebula:\n  migrate: "frontend:migrate-tweaks"   # StorPool\n', tweaks],
    ['opennebula: &site { migrate: frontend:migrate-tweaks }\n', tweaks],
    ['opennebula:\n  migrate:\n    frontend:migrate-tweaks\n', tweaks],
    ['policy: { when_guard_fails: "run-mover" }\n', stock],
    ['# nothing\n', stock],
  ])('%j: the configured mover runs', async (yaml, ran) => {
    const moved = await migrateAfter(yaml);
    expect(moved).toMatchObject({ exit: 0, ran });
    expect(moved.stderr).toMatch(/^WARN: 310 migrate-guard: one-310: the guard cannot run: Node 20 or later/);
  });

  test.each([
    ['policy:\n  when_guard_fails: refuse\n'],
    ['policy: {\n  when_guard_fails: refuse }\n'],
    ['policy: { when_guard_fails: refuse }\n'],
  ])('%j: refused, as the site has configured', async (yaml) => {
    const { exit, stderr, ran } = await migrateAfter(`${frontend}${yaml}`);
    expect({ exit, ran }).toEqual({ exit: 2, ran: [] });
    expect(stderr).toMatch(
      /^migrate-guard: the guard cannot run: Node 20[^\n]*\.\nERROR: .*: Node 20 [^\n]*\n$/,
    );
  });

  test('no configuration, and no fallback file: the defaults', async () => {
    const moved = await migrateAfter(frontend, `rm ${config} ${fallback}`);
    expect(moved).toMatchObject({ exit: 0, ran: stock });
  });

  test('precheck says that the order is given unchecked, and refuses arguments that it cannot read', async () => {
    await on.cloud.shell(`rm -f ${config} ${fallback}`);
    const precheck = (...words: string[]): Promise<Driven> =>
      on.cloud.script('tm/migrate-guard/precheck', words, '');
    await on.cloud.hideNode();
    try {
      const unchecked = await precheck('snap_delete', 'kvm1:/disk.0', '0', '310', '1');
      expect([unchecked.exit, unchecked.stderr]).toEqual([
        0,
        expect.stringMatching(
          /^WARN: 310 .*: VM 310: the guard cannot run: .*; snap_delete goes on unchecked\.$/m,
        ),
      ]);
      for (const words of [
        [],
        ['snap_craete', 'kvm1:/disk.0', '0', '310', '1'],
        ['migrate', 'one-310', 'kvm2'],
      ]) {
        const wrong = await precheck(...words);
        expect([wrong.exit, wrong.stderr]).toEqual([
          64,
          expect.stringMatching(/^migrate-guard: precheck of migrate-guard got too few arguments\.\nERROR: /),
        ]);
      }
    } finally {
      await on.cloud.showNode();
    }
  });

  describe('nothing is guessed, nothing is moved', () => {
    const kept = '/etc/migrate-guard.kept';
    beforeAll(async () => {
      await configured(frontend);
      await on.cloud.shell(`cp -a /etc/migrate-guard ${kept}`);
    });
    /** What doctor left. */
    beforeEach(() => on.cloud.shell(`rm -rf /etc/migrate-guard && cp -a ${kept} /etc/migrate-guard`));

    test('but not because of the copy, with which the configured mover runs', async () => {
      expect(await migrateWithoutNode('')).toMatchObject({ exit: 0, ran: tweaks });
    });

    test.each([
      ['it is missing', `rm ${fallback}`],
      ['the configuration was changed since', `echo '# changed' >>${config}`],
      ['and keeps an old time', `echo '# changed' >>${config}; touch -d 2001-01-01 ${config}`],
      ['and is gone', `rm ${config}`],
      ['and is a link to nowhere', `ln -sf /no/such ${config}`],
      ['OpenNebula’s user may not read the configuration', `chmod 600 ${config}`],
      ['OpenNebula’s user may not read it', `chmod 600 ${fallback}`],
      ['a line of another program', `echo TZ=UTC >>${fallback}`],
      ['a line without a value', `echo OPENNEBULA_SAVE= >>${fallback}`],
      ['a key alone', `sed -i s/MIGRATE=.*/MIGRATE/ ${fallback}`],
      ['a line without a key', `echo =save >>${fallback}`],
      ['no line', `echo >>${fallback}; echo save >>${fallback}`],
      ['a value twice', `sed -n s/MIGRATE=.*/MIGRATE=migrate/p ${fallback} >>${fallback}`],
      ['words of a shell', `sed -i 's/MIGRATE=.*/MIGRATE=$(id)/' ${fallback}`],
      ['a path with ..', `sed -i 's|MIGRATE=.*|MIGRATE=../migrate|' ${fallback}`],
      ['quotes', `sed -i "s/MIGRATE=.*/MIGRATE='migrate'/" ${fallback}`],
      ['ends of lines of another system', `sed -i 's/$/\\r/' ${fallback}`],
      ['the value is missing', `sed -i /MIGRATE=/d ${fallback}`],
      ['without the hash of the configuration', `sed -i /SHA256=/d ${fallback}`],
      [
        'it is a link to one of root’s',
        `mv ${fallback} ${fallback}.real && ln -s fallback.env.real ${fallback}`,
      ],
      ['it is a directory', `rm ${fallback} && mkdir ${fallback}`],
      ['it is another’s', `chown ${oneadmin} ${fallback}`],
      ['its group may write it', `chmod g+w ${fallback}`],
    ])('%s', async (_, then) => {
      const { exit, stderr, ran } = await migrateWithoutNode(then);
      expect({ exit, ran }).toEqual({ exit: 2, ran: [] });
      expect(stderr).toContain(
        'cannot be determined without it, so nothing is done\nERROR: migrate-guard: -> ',
      );
      expect(stderr).toMatch(/^migrate-guard: the guard cannot run: Node 20 or later is not installed\.\n/);
    });
  });
});
