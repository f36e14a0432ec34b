import { giveToQemu, placeDisk, useStage } from '../harness';

const on = useStage();

describe('names', () => {
  test.each([
    ['with blanks', 'a domain  of mine'],
    ['with quotes and a semicolon', `it's "one"; reboot`],
    ['of UTF-8', 'höst-日本-😀'],
    ['with a comma', 'a,b'],
    ['with a comma at the end', 'a,'],
    ['with an equals sign and an option', 'x,debug-threads=on'],
    ['that begins with a dash', '-x'],
    ['of 251 bytes, the longest that libvirt can store', 'n'.repeat(251)],
  ])('%s', async (_, name) => {
    await on.startHealthy({ name });
    const words = name.startsWith('-') ? ['--all'] : [name];
    const checked = await on.stage.check(...words);
    expect(checked).toMatchObject({ exit: 0, verdict: 'safe', domains: [{ domain: name }] });
  });

  test.each([
    ['blanks and quotes', `/dev/a b/it's "x"`],
    ['a newline and a tab', '/dev/line\nbreak/\ttab'],
    ['UTF-8', '/dev/höst/日本😀'],
    ['255 bytes', `/dev/${'n'.repeat(255)}`],
    ['what a terminal would obey', '/dev/\x1b[31mred'],
    ['a backslash and a percent sign', '/dev/a\\b%s'],
  ])('a link with %s in its name', async (_, link) => {
    const disk = await placeDisk(on.stage, on.volume(0));
    on.stage.host.remove(disk.path);
    on.stage.host.link(disk.path, link);
    on.stage.host.link(link, disk.node);
    const qemu = await on.stage.startQemu({
      disks: [disk],
      prepare: async (tree) => {
        await giveToQemu(tree, disk);
        tree.link(link, disk.node);
      },
    });
    expect(await on.stage.check('310')).toMatchObject({ exit: 0, verdict: 'safe' });
    qemu.tree.remove(link);
    const { verdict, plan } = await on.stage.check('310');
    expect({ verdict, plan }).toMatchObject({
      verdict: 'repairable',
      plan: [{ step: 'make-symlink', path: link }],
    });
    const { stdout } = await on.stage.run(['check', '310', ...on.stage.configuration]);
    // eslint-disable-next-line no-control-regex -- control characters are what must not arrive
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f]/);
  });
});
