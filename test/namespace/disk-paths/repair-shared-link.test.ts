import { useStage } from '../harness';

const on = useStage({ volumes: 2 });

test('a link that two disks share is replaced only with the complete path of both', async () => {
  const { stage } = on;
  stage.host.link('/dev/by-name', 'new');
  for (const [index, name] of ['a', 'b'].entries()) {
    stage.host.link(`/dev/new/${name}`, `../sp-${name}`);
    await stage.host.node(`/dev/sp-${name}`, 'b', on.volume(index).rdev, { uid: 9869 });
  }
  const qemu = await stage.startQemu({
    disks: [{ path: '/dev/by-name/a' }, { path: '/dev/by-name/b' }],
    holds: ['/dev/sp-a', '/dev/sp-b'],
    prepare: async (tree) => {
      // Only b can be reached, through the directory to which the link led when QEMU started.
      tree.link('/dev/by-name', 'old');
      tree.link('/dev/old/b', '../sp-b');
      for (const [index, name] of ['a', 'b'].entries()) {
        await tree.node(`/dev/sp-${name}`, 'b', on.volume(index).rdev, { uid: 9869 });
      }
    },
  });
  const { verdict, plan, troubles } = await stage.check('310');
  expect({ verdict, troubles }).toEqual({
    verdict: 'repairable',
    troubles: ["disk-path problem: /dev/old/a is missing in QEMU's mount namespace"],
  });
  expect(plan).toMatchObject([
    { step: 'replace-symlink', path: '/dev/by-name', was: 'old', target: 'new' },
    { step: 'make-directory', path: '/dev/new' },
    { step: 'make-symlink', path: '/dev/new/a', target: '../sp-a' },
    { step: 'make-symlink', path: '/dev/new/b', target: '../sp-b' },
  ]);
  expect((await stage.run(['repair', '310', ...stage.configuration])).exit).toBe(0);
  for (const [index, name] of ['a', 'b'].entries()) {
    const device = `block ${on.volume(index).rdev}`;
    expect(await qemu.servant.ask('open', `/dev/by-name/${name}`)).toBe(`${device},${device}`);
  }
});
