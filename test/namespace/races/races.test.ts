import { linkSync, lstatSync, readdirSync, readlinkSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { deviceNumbers } from '../../../src/file-tree/model/entry';
import type { Domain } from '../../../src/hypervisor/model/domain-xml';
import { apply } from '../../../src/disk-paths/steps';
import { collectFacts } from '../../../src/disk-paths/io/collect-facts';
import { report } from '../../../src/disk-paths/check';
import { seed } from '../../support/seeded-fast-check';
import {
  domainOf,
  giveToQemu,
  placeDisk,
  Stage,
  Volume,
  whileHeld,
  type PlacedDisk,
  type Qemu,
} from '../harness';
import { ifMade } from '../../support/if-made';
import { relinkAgainAndAgain } from './relink-repeatedly';
import { whileFlipping } from './flipper';

// Another process changes links and nodes while the program reads and writes. `npm run test:races -- --runs 10000`
// runs longer.

/** The least number of rounds; a test continues until its results prove that there was a race, or it had 20 times as many. */
const rounds = Number(process.env['MIGRATE_GUARD_RACES'] ?? 50);
const mostRounds = 20 * rounds;

let stage: Stage;
let qemu: Qemu;
let disk: PlacedDisk;
let domain: Domain;
let right: Volume;
let wrong: Volume;

const trap = '/mnt/trap';
const byid = '/dev/storpool-byid';

beforeAll(async () => {
  [right, wrong] = [await Volume.create(), await Volume.create()];
  process.stdout.write(`races: seed ${seed}\n`);
});

afterAll(() => {
  ifMade(right, (made) => made.release());
  ifMade(wrong, (made) => made.release());
});

beforeEach(async () => {
  stage = await Stage.start('');
  disk = await placeDisk(stage, right);
  stage.host.directory(trap, { mode: 0o777 });
  const prepare: Parameters<Stage['startQemu']>[0]['prepare'] = (tree) => giveToQemu(tree, disk);
  qemu = await stage.startQemu({ disks: [disk], prepare, user: { uid: 9869, gid: 9869, groups: [36] } });
  domain = domainOf(qemu, disk.path);
});

afterEach(() => ifMade(stage, (made) => made.end()));

/** How often each result occurred; printed at the end of a test, to be added up over many runs. */
class Counts {
  private readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  of(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  get kinds(): readonly string[] {
    return [...this.counts.keys()];
  }

  say(): void {
    const reported = [...this.counts].map(([what, count]) => `${count} ${what}`);
    process.stdout.write(`counted: ${reported.join(', ')}\n`);
  }
}

describe('a check while the path is changed', () => {
  /**
   * With each of these QEMU could not open its disk: the right node is closed to it, and the open one is another
   * device.
   */
  const spares = ['/dev/spare/closed', '/dev/spare/listed', '/dev/spare/open', '/dev/spare/open-by-list'];
  const links = ['/dev/spare/away', '/dev/spare/round', '/dev/spare/directory'];

  beforeEach(async () => {
    const { tree } = qemu;
    await tree.node('/dev/spare/closed', 'b', right.rdev, { mode: 0o600 });
    await tree.node('/dev/spare/listed', 'b', right.rdev, { mode: 0o660 });
    tree.acl('/dev/spare/listed', 'u:9869:-');
    await tree.node('/dev/spare/open', 'b', wrong.rdev, { mode: 0o666 });
    await tree.node('/dev/spare/open-by-list', 'b', wrong.rdev, { mode: 0o660 });
    tree.acl('/dev/spare/open-by-list', 'u:9869:rw');
    tree.link('/dev/spare/away', '/dev/missing');
    tree.link('/dev/spare/round', disk.node);
    tree.link('/dev/spare/directory', '/dev/spare');
  });

  test(
    `${rounds} checks: never safe, because it never was`,
    async () => {
      const met = new Counts();
      const words = ['exchange', seed, disk.node, ...spares, ...links, 'gone'];
      await whileFlipping(qemu.pid, words, async () => {
        // Different results prove that there was a race.
        for (let round = 0; round < rounds || (met.kinds.length < 3 && round < mostRounds); round += 1) {
          const { verdict, findings } = await whileHeld(domain, stage, async (held) =>
            report(await collectFacts(held)),
          );
          expect(verdict).not.toBe('safe');
          const trouble = findings.find(({ state }) => state !== 'ok');
          met.add(`${verdict} by ${trouble?.check ?? ''}`);
        }
      });
      met.say();
      expect(met.kinds.length).toBeGreaterThanOrEqual(3);
    },
    rounds * 1000 + 600_000,
  );

  test('one exchange between two accesses by the path is enough for a wrong result', () => {
    const path = qemu.tree.path(disk.node);
    const putThere = (spare = ''): void => {
      linkSync(qemu.tree.path(spare), `${path}.new`);
      renameSync(`${path}.new`, path);
    };
    putThere(spares[0]);
    const isRight = deviceNumbers(statSync(path).rdev) === right.rdev;
    putThere(spares[2]);
    const isOpen = (statSync(path).mode & 0o006) === 0o006;
    expect([isRight, isOpen]).toEqual([true, true]);
  });
});

describe('a repair while the directory is exchanged for a link', () => {
  const link = `${byid}/fir.b.f2g`;

  beforeEach(() => {
    stage.host.link(link, '../sp-310-0');
    stage.host.remove(disk.path);
    stage.host.link(disk.path, link);
  });

  const trapped = (): string[] => readdirSync(stage.host.path(trap));

  test(
    `${rounds} repairs: never a write outside /dev`,
    async () => {
      const met = new Counts();
      // Some runs must have something to repair, and some must fail to repair it.
      const isProved = (): boolean => met.of('repairs stopped') > 0 && met.kinds.length > 1;
      const outside = pictureOutside();
      await whileFlipping(qemu.pid, ['parent', seed, byid, trap], async () => {
        for (let round = 0; round < rounds || (!isProved() && round < mostRounds); round += 1) {
          const { done, error } = await whileHeld(domain, stage, async (held, host) => {
            const { plan } = report(await collectFacts(held));
            return apply(plan, { held, host });
          });
          met.add(error ? 'repairs stopped' : `repairs of ${done.length} steps`);
          if (trapped().length > 0) throw new Error(`written outside: ${trapped().join(' ')}`);
        }
      });
      met.say();
      expect(isProved()).toBe(true);
      expect(pictureOutside()).toEqual(outside);
    },
    rounds * 1000 + 600_000,
  );

  test('one exchange between a check and a write by the path is enough for a write outside', () => {
    const path = qemu.tree.path(byid);
    qemu.tree.directory(byid);
    const before = pictureOutside();
    expect(lstatSync(path).isDirectory()).toBe(true);
    qemu.tree.remove(byid);
    // A relative link, because an absolute one would lead this process to the machine's own files.
    qemu.tree.link(byid, `..${trap}`);
    symlinkSync('../sp-310-0', `${path}/mine`);
    expect(trapped()).toEqual(['mine']);
    expect(pictureOutside()).not.toEqual(before);
  });

  /** The host's files, with the attributes that a write would change. */
  function pictureOutside(): unknown[] {
    return ['/mnt', '/dev'].flatMap((top) => {
      const root = stage.host.path(top);
      const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
      return names
        .filter((name) => !/^(fd|pts|shm)(\/|$)/.test(name))
        .sort()
        .map((name) => {
          const { ino, mode, uid, gid, ctimeMs } = lstatSync(`${root}/${name}`);
          return { name, ino, mode, uid, gid, ctimeMs };
        });
    });
  }
});

describe('a relink while the directory of the link is exchanged', () => {
  test(
    `${rounds} relinks: nothing behind the planted link is changed`,
    async () => {
      const met = new Counts();
      // The trap contains a link of the same name, which leads to another disk, and another one below it.
      await stage.host.node('/dev/other', 'b', wrong.rdev);
      stage.host.link(`${trap}/disk.1`, '/dev/other');
      stage.host.link('/mnt/alias/a', disk.node);
      stage.host.link('/mnt/alias/b', disk.node);
      stage.host.directory('/mnt/spare/one');
      stage.host.link('/mnt/spare/one/disk.1', '/mnt/alias/a');
      const before = lstatSync(stage.host.path(`${trap}/disk.1`));
      const link = '/mnt/moving/disk.1';
      stage.host.link('/mnt/spare/to-one', '/mnt/spare/one');
      stage.host.link('/mnt/spare/to-trap', trap);
      const words = ['exchange', seed, '/mnt/moving', '/mnt/spare/to-one', '/mnt/spare/to-trap'];
      await whileFlipping(stage.servant.pid, words, async () => {
        for (const what of await relinkAgainAndAgain(stage, link, ['/mnt/alias/a', '/mnt/alias/b'], rounds))
          met.add(what);
      });
      met.say();
      expect(met.kinds).toEqual(expect.arrayContaining(['moved', 'left']));
      expect(readlinkSync(stage.host.path(`${trap}/disk.1`))).toBe('/dev/other');
      expect(lstatSync(stage.host.path(`${trap}/disk.1`))).toMatchObject({
        ino: before.ino,
        ctimeMs: before.ctimeMs,
      });
      expect(readdirSync(stage.host.path(trap))).toEqual(['disk.1']);
      expect(readdirSync(stage.host.path('/mnt/spare/one'))).toEqual(['disk.1']);
    },
    rounds * 1000 + 600_000,
  );
});
