import { parseChecked, type Checked } from '../harness/namespace-stage';
import { useStage } from '../harness';
import { recordingVirsh } from '../harness/fake-virsh';

const on = useStage({ volumes: 2 });
const path = '/mnt/one/datastores/0/310/disk.0';
const byModel = '/dev/disk/by-id/nvme-Model_Serial';
const byEui = '/dev/disk/by-id/nvme-eui.0025385b11b16a4d';

/** QEMU’s answer comes after the first look has read the link, and udev re-points the link before it. */
const meanwhile = `*query-named-block-nodes*)
      until [ "$(stat --format=%x ${byModel})" != "$(stat --format=%y ${byModel})" ]; do sleep 0.02; done
      ln -sfn ../../sp-other ${byModel}; echo '{"return":[]}' ;;`;

async function check(...words: string[]): Promise<Checked> {
  const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
  return parseChecked(
    await on.stage.run(['check', '310', '--json', ...words, ...on.stage.configuration], { env }),
  );
}

test('a link of udev that hops between devices: --deep names one that does not (systemd#31448)', async () => {
  const { host } = on.stage;
  const nodes = [
    ['/dev/sp-310-0', on.volume(0)],
    ['/dev/sp-other', on.volume(1)],
  ] as const;
  for (const [node, { rdev }] of nodes) await host.node(node, 'b', rdev, { uid: 9869 });
  for (const link of [byModel, byEui]) host.link(link, '../../sp-310-0');
  host.link('/dev/disk/by-id/nvme-eui.other', '../../sp-other');
  host.link(path, byModel);
  await on.stage.startQemu({
    disks: [{ path }],
    prepare: async (tree) => {
      tree.link(byModel, '../../sp-310-0');
      await tree.node('/dev/sp-310-0', 'b', on.volume(0).rdev, { uid: 9869 });
    },
  });
  host.file('/mnt/bin/virsh', recordingVirsh(meanwhile), { mode: 0o755 });
  const { verdict, findings } = await check('--deep');
  expect(verdict).toBe('blocked');
  expect(findings.filter(({ state }) => state === 'problem')).toMatchObject([
    {
      check: 'disk-link',
      what: `${byModel} hops between devices: it led to ${on.volume(0).rdev}, and a moment later to ${on.volume(1).rdev}`,
      remedy: `migrate-guard relink ${path} ${byEui}`,
    },
  ]);

  // The advised remedy, while the link leads to the right device.
  host.remove(byModel);
  host.link(byModel, '../../sp-310-0');
  // For the journal.
  host.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/log');
  const relinked = await on.stage.run(['relink', path, byEui, ...on.stage.configuration]);
  expect(relinked).toMatchObject({ exit: 0, stderr: '' });
  host.file('/mnt/bin/virsh', recordingVirsh(), { mode: 0o755 });
  expect((await check('--deep')).findings.filter(({ state }) => state === 'problem')).toEqual([]);
});
