import { describeFailedMove, objectionToTarget } from '../../../src/move/model/datastore-move';
import { diskPlacesOf, readDiskPlaces, type DiskPlace } from '../../../src/hypervisor/model/disk-place';
import { aDomain, aSource } from '../../support/factories';

const [old, target] = ['/var/lib/one//datastores/0/310', '/var/lib/one//datastores/100/310'];

function at(directory: string, disk: string, changes: Partial<DiskPlace> = {}): DiskPlace {
  const path = `${directory}/${disk}`;
  return { disk, path, type: 'file', format: 'raw', ...changes };
}

function failed(before: DiskPlace[] | undefined, after: DiskPlace[] | undefined) {
  return describeFailedMove({ domain: 'one-310', before, after });
}

test('no disk was moved: there is nothing to do, but for a copy that libvirt continues', () => {
  const before = [at(old, 'vda'), at(old, 'vdb')];
  expect(failed(before, before)).toEqual({
    what: expect.stringContaining('before it had moved a disk') as string,
    short: 'the datastore move failed, and moved no disk',
  });
  const copying = [at(old, 'vda', { copyingTo: `${target}/vda` }), at(old, 'vdb')];
  expect(failed(before, copying).remedy).toMatch(/: virsh blockjob one-310 vda --abort$/);
});

test('half of it: the disks by name, and the commands that move them back', () => {
  const before = [
    at(old, 'vda', { type: 'block' }),
    at(old, 'vdb', { format: 'qcow2', hasBacking: true }),
    at(old, 'vdc'),
    at(`${old}/it's`, 'hda', { readonly: true }),
    at('/dev', 'hdb', { readonly: true, type: 'block' }),
  ];
  const after = [
    at(target, 'vda'),
    at(target, 'vdb', { format: 'qcow2', hasBacking: true }),
    at(old, 'vdc', { copyingTo: `${target}/vdc` }),
    at(target, 'hda', { readonly: true }),
    at(target, 'hdb', { readonly: true }),
  ];
  const { what, short, remedy } = failed(before, after);
  expect(what).toContain('failed after vda, vdb, hda, hdb had been moved: QEMU has vdc where it was');
  expect(short).toBe('a step failed after vda, vdb, hda, hdb had been moved');
  expect(remedy?.replace(/^.*?: /, '').split(' && ')).toEqual([
    'virsh blockjob one-310 vdc --abort',
    `virsh blockcopy one-310 vda ${old}/vda --format raw --blockdev --reuse-external --transient-job --wait --pivot`,
    `virsh blockcopy one-310 vdb ${old}/vdb --format qcow2 --shallow --reuse-external --transient-job --wait --pivot`,
    `virsh change-media one-310 hda '${old}/it'\\''s/hda' --update --force`,
    'virsh change-media one-310 hdb /dev/hdb --update --force --block',
  ]);
});

test('all of it, and then a failure', () => {
  const { what, remedy } = failed([at(old, 'vda')], [at(target, 'vda')]);
  expect(what).toContain('all disks (vda) were moved');
  expect(remedy).toContain(`virsh blockcopy one-310 vda ${old}/vda `);
});

test('a problem that the check afterwards has found comes first, for each disk that it names', () => {
  const before = ['vda', 'vdb', 'vdc'].map((disk) => at(old, disk));
  const after = [at(target, 'vda'), at(target, 'vdb'), at(old, 'vdc')];
  const { remedy } = describeFailedMove({ domain: 'one-310', before, after, isIll: true });
  expect(remedy).toMatch(
    /^first as the warning before this line says, then as migrate-guard check one-310 says, until it names no deleted file; then on its host, .*: virsh blockcopy one-310 vda .* && virsh blockcopy one-310 vdb /,
  );
});

test('a copy of a disk that has a data file would replace that: no command is printed for it', () => {
  const before = [at(old, 'vda', { hasDataFile: true }), at(old, 'vdb'), at(old, 'vdc')];
  const after = [at(target, 'vda', { hasDataFile: true }), at(target, 'vdb'), at(old, 'vdc')];
  const byHand =
    /^vda, which has a data file of its own, has to be copied back by hand: see docs\/runbook.md, /;
  const both = failed(before, after).remedy;
  expect(both).toMatch(byHand);
  expect(both).toMatch(/; the others on its host, .*: virsh blockcopy one-310 vdb .*pivot$/);
  const alone = failed(before.slice(0, 1), after.slice(0, 1)).remedy;
  expect(alone).toMatch(byHand);
  expect(alone).not.toContain('virsh');
});

test.each([
  ['before', undefined, [at(old, 'vda')]],
  ['after', [at(old, 'vda')], undefined],
])('disks that are not known %s the move are not guessed', (_, before, after) => {
  const { what, remedy } = failed(before, after);
  expect(what).toContain('it is not known where QEMU has the disks now');
  expect(remedy).toContain('virsh domblklist one-310');
});

test('a disk that is in the new datastore already would be replaced under QEMU', () => {
  const disks = [at('/var/lib/one/datastores/100/310', 'vda'), at(old, 'vdb')];
  expect(objectionToTarget(disks, target)?.what).toMatch(
    /^vda of this VM is in \/var\/lib\/one\/datastores\/100\/310\/ /,
  );
  expect(objectionToTarget(disks, `${target}/`)).toBeDefined();
  expect(objectionToTarget(disks, '/var/lib/one/datastores/10')).toBeUndefined();
  expect(objectionToTarget(disks, undefined)).toBeUndefined();
  // The stock mover leaves links to devices as they are.
  expect(objectionToTarget([at(target, 'vda', { type: 'block' })], target)).toBeUndefined();
});

test('the agent lists the disks of a domain, and the front-end reads what it has sent', () => {
  const places = diskPlacesOf(
    aDomain({
      sources: [
        aSource({ disk: 'vda', path: '/d/0', type: 'file', format: 'qcow2' }),
        aSource({ disk: 'vda', path: '/d/data', type: 'file', data: true }),
        aSource({ disk: 'vda', path: '/d/base', role: 'backing' }),
        aSource({ disk: 'vda', path: '/e/0', role: 'mirror' }),
        aSource({ disk: 'hda', path: '/d/1', type: 'file', readonly: true }),
        aSource({ disk: 'nvram', path: '/d/n', role: 'nvram' }),
      ],
    }),
  );
  expect(places).toEqual([
    {
      disk: 'vda',
      path: '/d/0',
      type: 'file',
      format: 'qcow2',
      hasBacking: true,
      hasDataFile: true,
      copyingTo: '/e/0',
    },
    { disk: 'hda', path: '/d/1', type: 'file', readonly: true },
  ]);
  expect(readDiskPlaces(JSON.parse(JSON.stringify(places)))).toEqual(places);
  for (const wrong of [undefined, {}, [{ disk: 'vda', path: '/d' }], ['vda']])
    expect(readDiskPlaces(wrong)).toBeUndefined();
});
