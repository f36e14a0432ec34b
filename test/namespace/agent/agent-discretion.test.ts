import { versionNumber } from '../../../src/cli/version';
import { tellOf } from '../faults/failed-migration';
import { configuration, furnish, furnishHostHalf } from '../faults/workflow';
import { useStage, type Stage } from '../harness';
import { localSsh } from '../harness/fake-virsh';

// OpenNebula's user may lead the link of a disk anywhere, and then have the agent, which is root, check it. The
// result must not reveal what is behind a directory that QEMU's user may not search, not even whether anything is
// there.

const on = useStage();
const path = '/mnt/one/datastores/0/310/disk.0';
const secret = '/mnt/secret';
/** The target of the link. */
const hidden = `${secret}/a/b`;

beforeEach(async () => {
  furnish(on.stage);
  furnishHostHalf(on.stage);
  await on.startHealthy();
  tellOf(on.stage, 'none');
  on.stage.host.file('/mnt/bin/ssh', localSsh, { mode: 0o755 });
  on.stage.host.directory('/mnt/open');
  on.stage.host.file('/mnt/open/file', 'x', { uid: 9869 });
});

/** The possible contents there; the first is none. */
const layouts: readonly (readonly [string, (host: Stage['host']) => unknown])[] = [
  ['nothing', () => undefined],
  ['an empty directory', (host) => host.directory(`${secret}/a`, { mode: 0o700 })],
  ['a file in the directory’s place', (host) => host.file(`${secret}/a`, 'x')],
  ['a file of QEMU’s user', (host) => host.file(hidden, 'xyz', { uid: 9869 })],
  ['a link that dangles', (host) => host.link(hidden, 'nowhere')],
  ['a link to a public file', (host) => host.link(hidden, '/mnt/open/file')],
  ['QEMU’s own device', (host) => host.node(hidden, 'b', on.volume(0).rdev, { uid: 9869 })],
];

async function lay(make: (host: Stage['host']) => unknown): Promise<void> {
  const { host } = on.stage;
  host.remove(secret);
  host.directory(secret, { mode: 0o755 });
  await make(host);
  host.own(secret, { mode: 0o700 });
}

async function said(argv: readonly string[], request?: object): Promise<string> {
  const { exit, stdout, stderr, timedOut } = await on.stage.run(argv, {
    env: { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` },
    deadline: 60_000,
    ...(request ? { input: `${JSON.stringify({ version: versionNumber, ...request })}\n` } : {}),
  });
  expect(timedOut).toBe(false);
  return `exit ${exit ?? ''}\n${stdout}\n${stderr}`;
}

/** The answer must be the same, character by character, whatever is there. */
async function expectSame(ask: () => Promise<string>): Promise<string> {
  const answers: Record<string, string> = {};
  for (const [what, make] of layouts) {
    await lay(make);
    answers[what] = await ask();
  }
  const first = answers['nothing'] ?? '';
  for (const [what, answer] of Object.entries(answers))
    expect({ what, answer }).toEqual({ what, answer: first });
  return first;
}

describe('the link of a disk leads there', () => {
  beforeEach(() => {
    on.stage.host.remove(path);
    on.stage.host.link(path, hidden);
  });

  const [domain, destination] = ['one-310', 'kvm2'];
  test.each([
    ['audit', { action: 'audit' }],
    ['probe', { action: 'probe' }],
    ['prepare', { action: 'prepare', domain, destination }],
    ['repair, dry', { action: 'repair', domain, dryRun: true }],
    ['repair', { action: 'repair', domain, dryRun: false }],
    ['heal, dry', { action: 'heal', domain, destination, dryRun: true }],
    ['save', { action: 'save', domain }],
    ['migrate', { action: 'migrate', domain, destination, checkDestination: true }],
  ])('%s does not reveal what is there', async (_, request) => {
    const answer = await expectSame(() => said(['host'], request));
    // The directory that QEMU's user may not search may be named. The probe has the short form, without paths.
    if (request.action === 'probe') expect(answer).toContain('a directory is closed to it');
    else expect(answer).toMatch(/\/mnt\/secret(?![/\w])/);
  });

  test.each([
    ['as a table', []],
    ['as JSON', ['--json']],
  ])('explain, %s, does not reveal it', async (_, words) => {
    const argv = ['explain', '310', ...words, '--config', configuration];
    const answer = await expectSame(() => said(argv));
    expect(answer).toMatch(/\/mnt\/secret(?![/\w])/);
  });
});

test.each([
  ['there', hidden],
  ['there, through an open directory', `/mnt/open/../secret/a/b`],
  ['there and back', `${secret}/a/../../open/file`],
])('the forecast of a link that would lead %s does not reveal it', async (_, target) => {
  const request = { action: 'foresee', changes: [{ link: path, target }] };
  const answer = await expectSame(() => said(['host'], request));
  expect(answer).toContain('"verdict":"blocked"');
});

test('the forecast of a link that is there itself does not reveal it', async () => {
  await expectSame(() => said(['host'], { action: 'foresee', changes: [{ link: hidden, target: '/x' }] }));
});
