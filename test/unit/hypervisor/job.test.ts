import { blockJobIn } from '../../../src/hypervisor/model/job';
import { readXml } from '../../../src/os/read-xml';

/** As libvirt 9 writes it. */
const commit =
  "<blockjob name='commit-vda-libvirt-3-format' type='active-commit' state='ready'><disk dst='vda'/></blockjob>";

test.each<[string, object | undefined]>([
  [`<blockjobs active='yes'>${commit}</blockjobs>`, { type: 'active-commit', disk: 'vda' }],
  ["<blockjobs active='yes'/>", { type: '?', disk: '?' }],
  // One that has ended, or is libvirt's own.
  [`<blockjobs active='no'>${commit}</blockjobs>`, undefined],
  ["<blockjobs active='no'/>", undefined],
  ['', undefined],
])('%s', (jobs, found) => {
  expect(blockJobIn(readXml(`<domstatus>${jobs}</domstatus>`))).toEqual(found);
});
