import { ifMade } from '../support/if-made';
import { breakPath, DiskMaker, diskKinds } from './disk-kinds';
import { ReleaseStage } from './release-stage';
import { Results } from './results';

// The way of an upgrade: VMs leave a host of Debian 12 for one of Debian 13, with the guard in between.

const results = new Results('upgrade');
let stage: ReleaseStage;
let maker: DiskMaker;

beforeAll(async () => {
  stage = await ReleaseStage.start('bookworm', 'trixie');
  results.versions = await stage.versions();
  maker = new DiskMaker(stage.lab);
});
afterEach(() => results.write());
afterAll(async () => {
  await ifMade(stage, (made) => made.stop());
  ifMade(maker, (made) => made.release());
});

test.each(diskKinds.map((kind) => [kind.name, kind] as const))(
  'bookworm to trixie, %s: the guard repairs the missing path, and the VM moves at the first attempt',
  async (name, kind) => {
    const vm = await maker.start(kind, 2);
    const [from, to] = stage.lab.hosts;
    if (from === undefined || to === undefined) throw new Error('the lab has no two hosts');
    if (kind.type === 'block') await breakPath(stage.lab, vm, 1, 'link');
    expect(await stage.report(vm.domain, 'check', '--destination', to.name)).toMatchObject({
      verdict: kind.type === 'block' ? 'repairable' : 'safe',
    });
    const { exit, stdout } = await stage.guard(from, 'migrate', vm.domain.name, to.name, '--json');
    expect([exit, JSON.parse(stdout)]).toMatchObject([0, { result: 'done', attempts: [{ exit: 0 }] }]);
    const moved = vm.domain.on(to);
    await moved.expectCounting();
    expect(await stage.report(moved, 'check', '--deep')).toMatchObject({ exit: 0, verdict: 'safe' });
    await moved.destroy();
    const what = kind.type === 'block' ? ', a link missing' : '';
    results.workflows.push({ workflow: `bookworm to trixie, guarded, ${name}${what}`, outcome: 'shown' });
  },
);
