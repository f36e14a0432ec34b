import { diskLink } from '../../../../src/disk-paths/checks/disk-link';
import type { Finding } from '../../../../src/core/finding';
import { devicesOfHop, linkOfUdev, type HoppingLink } from '../../../../src/disk-paths/model/hopping-link';
import { resolvePath } from '../../../../src/file-tree/model/walk';
import {
  aDevice,
  aLink,
  diskLink as link,
  diskPath,
  domainFacts,
  sourceFacts,
  viewOf,
} from '../../../support/factories';

const udev = '/dev/disk/by-id/nvme-Model_Serial';
const through = (...devices: string[]): ReturnType<typeof viewOf> =>
  viewOf({
    [link]: aLink(udev),
    [udev]: aLink('../../a'),
    ...Object.fromEntries(devices.map((device) => ['/dev/a', aDevice(device)])),
  });

describe('a link of udev (systemd#31448)', () => {
  test('only one below /dev/disk/by-* is looked at again, and both looks count', () => {
    const [right, wrong, none] = [through('252:3'), through('252:9'), through()].map((view) =>
      resolvePath(view, diskPath),
    ) as [ReturnType<typeof resolvePath>, ReturnType<typeof resolvePath>, ReturnType<typeof resolvePath>];
    expect(linkOfUdev(right)?.path).toBe(udev);
    expect(linkOfUdev(sourceFacts().host)).toBeUndefined();
    expect(devicesOfHop(right, right)).toBeUndefined();
    expect(devicesOfHop(right, wrong)).toEqual(['252:3', '252:9']);
    expect(devicesOfHop(right, none)).toBeUndefined();
    expect(devicesOfHop(none, right)).toBeUndefined();
  });

  const inspect = (names: Record<string, string>, changes: Partial<HoppingLink> = {}): readonly Finding[] => {
    const listed = Object.entries(names).map(([name, device]) => ({
      path: `/dev/disk/by-id/${name}`,
      device,
    }));
    const hoppingLink = { path: udev, devices: ['252:9', '252:3'], names: listed, ...changes } as const;
    return diskLink.inspect(
      domainFacts({ sources: [sourceFacts({ hostView: through('252:9'), hoppingLink })] }),
    );
  };

  test.each<[string, Record<string, string>, string]>([
    ['wwn-0x5', { 'wwn-0x5': '252:3', 'nvme-eui.1': '252:9' }, 'the device that QEMU holds counts'],
    ['nvme-eui.2', { 'wwn-0x5': '252:3', 'nvme-eui.2': '252:3' }, 'the best name counts'],
    ['dm-uuid-LVM-1', { 'dm-name-a': '252:3', 'dm-uuid-LVM-1': '252:3' }, 'an LVM volume'],
  ])('%s is advised: %#', (name, names) => {
    expect(inspect(names)).toMatchObject([
      { state: 'problem', remedy: `migrate-guard relink ${link} /dev/disk/by-id/${name}` },
    ]);
  });

  test('without a name of its own, or a device that QEMU holds, none is advised', () => {
    const plain =
      'do not migrate: make the path lead through a name that no other device has (ls -l /dev/disk/by-id)';
    const serial = { 'nvme-Model_Serial_1': '252:3', 'ata-X': '252:3' };
    expect(inspect(serial)).toMatchObject([{ state: 'problem', remedy: plain }]);
    const other = inspect({ 'wwn-0x5': '252:8' }, { devices: ['252:8', '252:9'] });
    expect(other).toMatchObject([{ remedy: plain }]);
    expect(diskLink.inspect(domainFacts())).toEqual([]);
  });
});
