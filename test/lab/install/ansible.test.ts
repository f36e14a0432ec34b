import { Packages } from '../../namespace/installation/packages';
import { ifMade } from '../../support/if-made';
import { AnsibleCloud } from './ansible-cloud';

/**
 * The Ansible role, with the packages that `npm run package` makes, on a front-end and two hosts. Each test begins with
 * the cloud that the one before has left: an installation takes half a minute.
 */

let packages: Packages;
let cloud: AnsibleCloud;
let before: string;

beforeAll(async () => {
  [packages, cloud] = await Promise.all([Packages.make(['deb']), AnsibleCloud.start()]);
  before = await cloud.picture();
});
afterAll(async () => {
  await ifMade(cloud, (made) => made.stop());
  ifMade(packages, (made) => made.remove());
});

const done = { failed: 0 };
const unchanged = { changed: 0, failed: 0 };

const wanted = () => ({
  migrate_guard_packages: packages.directory,
  migrate_guard_config: { policy: { when_guard_fails: 'refuse' } },
  migrate_guard_watch: true,
  migrate_guard_hooks: true,
  migrate_guard_wait: 1,
});

test('--check reports what would be installed, and changes nothing', async () => {
  const checked = await cloud.playbook(wanted(), '--check');
  expect(checked).toMatchObject({ exit: 0, recaps: { front: done, kvm1: done, kvm2: done } });
  expect(checked.stdout).toMatch(/"migrate-guard-frontend_[^"]*\.deb would be installed"/);
  expect(await cloud.picture()).toBe(before);
});

test('all is installed, but oned is not restarted while OpenNebula works on a VM', async () => {
  // oned would leave 311 and 313 in their states.
  cloud.vms('310,runn', '311,migr', '312,poff', '313,');
  const waiting = await cloud.playbook(wanted());
  expect(waiting).toMatchObject({ exit: 2, recaps: { front: { failed: 1 }, kvm1: done, kvm2: done } });
  expect(waiting.stdout).toMatch(
    /oned was not restarted[^]*on these VMs: 311 \(migr\), 313 \(\)\.[^]*What to do/,
  );
  expect(cloud.orders()).toEqual([]);
});

test('the next run completes it, although it has not changed oned.conf itself', async () => {
  cloud.vms('310,runn', '311,runn', '312,poff', '313,fail');
  const completed = await cloud.playbook(wanted());
  expect(completed).toMatchObject({ exit: 0, recaps: { front: done, kvm1: unchanged, kvm2: unchanged } });
  expect(cloud.orders()).toEqual(['restart opennebula', 'onehost sync -f']);
  expect(cloud.front.read('/etc/one/oned.conf')).toContain('-l migrate=migrate-guard,save=save-guard');
  const doctor = await cloud.front.run(['migrate-guard', 'doctor', '--verbose']);
  expect(doctor.stdout).toMatch(/the running oned uses[^]*both hooks are registered[^]*VMs are watched by/);
});

test('a further run changes nothing, and a wrong configuration does not replace the installed one', async () => {
  const again = await cloud.playbook(wanted());
  expect(again).toMatchObject({ exit: 0, recaps: { front: unchanged, kvm1: unchanged, kvm2: unchanged } });
  expect(cloud.orders()).toEqual([]);
  const mistaken = { ...wanted(), migrate_guard_config: { polcy: {} } };
  const wrong = await cloud.playbook(mistaken, '--tags', 'config');
  expect([wrong.exit, wrong.stdout]).toEqual([2, expect.stringContaining('did you mean policy?')]);
  expect(cloud.front.read('/etc/migrate-guard/config.yaml')).toContain('when_guard_fails: refuse');
});

test('state: absent leaves nothing', async () => {
  const removed = await cloud.playbook({ migrate_guard_state: 'absent' });
  expect(removed).toMatchObject({ exit: 0, recaps: { front: done, kvm1: done, kvm2: done } });
  expect(cloud.orders()).toEqual(['restart opennebula', 'onehost sync -f']);
  cloud.vms();
  expect(await cloud.picture()).toBe(before);
});
