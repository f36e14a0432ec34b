import { stateDirectory, statusXml, useStage, type Healthy } from '../harness';

const on = useStage();

async function startHealthy(): Promise<Healthy & { readonly xml: string }> {
  const { disk, qemu } = await on.startHealthy();
  return { disk, qemu, xml: statusXml({ name: 'one-310', uuid: qemu.uuid, pid: qemu.pid, disks: [disk] }) };
}

const noStatus = (why: string): object => ({
  exit: 2,
  stderr: '',
  verdict: 'undecided',
  troubles: [`domain unknown: ${stateDirectory}/one-310.xml is not a valid status XML of libvirt: ${why}`],
  findings: [{ remedy: 'compare it with virsh dumpxml one-310' }],
});

describe('an invalid status XML', () => {
  test.each<[string, (xml: string) => string, string]>([
    ['empty', () => '', 'line 1: there is no element'],
    ['cut off', (xml) => xml.slice(0, xml.indexOf('<source')), 'line 17: Unclosed root tag'],
    [
      'of another domain',
      (xml) => xml.replace('<name>one-310', '<name>one-311'),
      'it describes a domain named one-311',
    ],
    [
      'of a network',
      () => '<network><name>default</name></network>',
      'line 1: this is not a libvirt domain with a name and a uuid',
    ],
    [
      'with a document type',
      (xml) => `<!DOCTYPE x [<!ENTITY a "b">]>${xml}`,
      'line 1: a document type is not accepted',
    ],
    ['nested without end', () => '<a>'.repeat(100_000), 'line 1: elements are nested too deeply'],
    ['binary', () => '\0\x01\xff'.repeat(1000), 'line 1: Non-whitespace before first tag.'],
  ])('%s', async (_, change, why) => {
    const { xml } = await startHealthy();
    on.stage.writeStatus('one-310', change(xml));
    expect(await on.stage.check('310')).toMatchObject(noStatus(why));
  });

  test('does not hide the other domains', async () => {
    await startHealthy();
    on.stage.writeStatus('one-9', 'nonsense');
    const { exit, domains } = await on.stage.check('--all');
    expect([exit, domains.map(({ verdict }) => verdict)]).toEqual([2, ['undecided', 'safe']]);
  });

  test('a directory of that name', async () => {
    on.stage.host.directory(`${stateDirectory}/one-310.xml`);
    expect(await on.stage.check('310')).toMatchObject({
      exit: 2,
      troubles: [`domain unknown: ${stateDirectory}/one-310.xml cannot be read: EISDIR`],
    });
  });
});

describe('a source that is not a path', () => {
  test('on a network is safe; in a pool is undecided', async () => {
    const { xml } = await startHealthy();
    const disk = (type: string): string =>
      `<disk type='${type}'><source pool='a' name='b'/><target dev='vdx'/></disk></devices>`;
    on.stage.writeStatus('one-310', xml.replace('</devices>', disk('network')));
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    on.stage.writeStatus('one-310', xml.replace('</devices>', disk('volume')));
    expect(await on.stage.check('310')).toMatchObject({
      exit: 2,
      troubles: ['disk-path unknown: libvirt gives no path for this source of type volume without a path'],
    });
  });
});

const refused = (what: string, remedy: string): object => ({
  exit: 64,
  stdout: '',
  stderr: `migrate-guard: ${what}\n  -> ${remedy}\n`,
});

describe('the requested domain', () => {
  test.each([
    ['one-1;reboot', `"one-1;reboot" is not a valid domain name`],
    ['$(reboot)', `"$(reboot)" is not a valid domain name`],
    ['../../etc/passwd', `"../../etc/passwd" is not a valid domain name`],
    ['a\nb', `"a\\nb" is not a valid domain name`],
  ])('%j is refused', async (word, what) => {
    await startHealthy();
    const result = await on.stage.run(['check', word, ...on.stage.configuration]);
    expect(result).toMatchObject(refused(what, 'name it as one-310, 310 or by its UUID'));
  });

  test.each(['9999', 'one-9999', '00000000-0000-0000-0000-000000000000'])('%s does not run', async (word) => {
    await startHealthy();
    expect(await on.stage.check(word, '310')).toMatchObject({
      exit: 2,
      domains: [
        { domain: word, verdict: 'undecided' },
        { domain: 'one-310', verdict: 'safe' },
      ],
      troubles: [`domain unknown: no domain ${word} runs on this host`],
    });
  });

  test('a UUID that no domain has, while one cannot be read, may run', async () => {
    const { uuid } = (await startHealthy()).qemu;
    on.stage.writeStatus('one-311', '<domstatus>');
    const absent = '00000000-0000-0000-0000-000000000000';
    expect(await on.stage.check(uuid)).toMatchObject({ exit: 0, verdict: 'safe' });
    expect(await on.stage.check(absent)).toMatchObject({
      exit: 2,
      domains: [{ domain: absent }],
      troubles: [
        `domain unknown: whether ${absent} runs here cannot be determined: /mnt/libvirt/one-311.xml is not a valid status XML of libvirt: line 1: Unclosed root tag`,
      ],
    });
  });

  test('an option that does not exist', async () => {
    const { exit, stdout, stderr } = await on.stage.run(['check', '310', '--nonsense']);
    expect({ exit, stdout, stderr }).toEqual({
      exit: 64,
      stdout: '',
      stderr: 'migrate-guard: check has no option nonsense\n  -> see migrate-guard check --help\n',
    });
  });
});

describe('a state directory that cannot be read', () => {
  test('is missing, and libvirtd does not answer', async () => {
    on.stage.host.file('/mnt/other.yaml', 'libvirt: { state_directory: /mnt/none, deadline: 5 }\n', {
      mode: 0o644,
    });
    const { exit, stdout, stderr } = await on.stage.run(['check', '310', '--config', '/mnt/other.yaml'], {
      env: { PATH: '/nowhere' },
    });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 2,
      stdout: '',
      stderr:
        'migrate-guard: the running domains cannot be listed: virsh is not installed\n  -> see whether libvirt’s daemon (libvirtd or virtqemud) runs on this host\n',
    });
  });

  test('is a file', async () => {
    on.stage.host.file('/mnt/other.yaml', 'libvirt: { state_directory: /mnt/other.yaml }\n', { mode: 0o644 });
    const { exit, stderr } = await on.stage.run(['check', '310', '--config', '/mnt/other.yaml']);
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr: 'migrate-guard: /mnt/other.yaml cannot be read: ENOTDIR\n  -> look at that directory\n',
    });
  });

  test.each([
    ['the directory', 0o700, 0o644],
    ['the files', 0o755, 0o600],
  ])('another user than root may not read %s, and queries libvirtd', async (_, directory, file) => {
    await startHealthy();
    on.stage.host.own(stateDirectory, { mode: directory });
    on.stage.host.own(`${stateDirectory}/one-310.xml`, { mode: file });
    // The fake virsh fails as with a libvirtd that refuses, with the text of libvirt 9.0.
    const says = 'error: authentication unavailable: no polkit agent available';
    on.stage.host.file('/mnt/bin/virsh', `#!/bin/sh\necho '${says}' >&2\nexit 1\n`, { mode: 0o755 });
    const { exit, stdout, stderr } = await on.stage.run(['check', '310', ...on.stage.configuration], {
      uid: 65534,
      env: { PATH: '/mnt/bin' },
    });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 77,
      stdout: '',
      stderr:
        'migrate-guard: the running domains cannot be listed: authentication unavailable: no polkit agent available\n  -> run as root, or as a user of the libvirt group\n',
    });
  });

  test('another user than root may read the XML, but cannot look into QEMU', async () => {
    const { qemu } = await startHealthy();
    on.stage.host.own(`${stateDirectory}/one-310.xml`, { mode: 0o644 });
    const { exit, stdout, stderr } = await on.stage.run(['check', '310', ...on.stage.configuration], {
      uid: 65534,
    });
    expect({ exit, stdout, stderr }).toEqual({
      exit: 2,
      stdout: `one-310: undecided\n  domain: process ${qemu.pid}, the QEMU of one-310, cannot be looked into: EACCES\n    -> run as root\n`,
      stderr: '',
    });
  });
});
