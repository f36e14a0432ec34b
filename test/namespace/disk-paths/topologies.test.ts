import { closedDirectory } from '../../../src/disk-paths/model/permissions';
import type { Domain } from '../../../src/hypervisor/model/domain-xml';
import { canBeDisk, identity } from '../../../src/file-tree/model/entry';
import type { Step } from '../../../src/core/repair-step';
import type { ResolvedPath } from '../../../src/file-tree/model/walk';
import { apply } from '../../../src/disk-paths/steps';
import { collectFacts } from '../../../src/disk-paths/io/collect-facts';
import { report } from '../../../src/disk-paths/check';
import fc, { seed } from '../../support/seeded-fast-check';
import { ifMade } from '../../support/if-made';
import { domainOf, whileHeld, type Servant } from '../harness';
import { hasOddBytes } from './topologies/file-contents';
import type { MadeTree, Topology } from './topologies/topology-spec';
import { topology } from './topologies/topology';
import { World } from './topologies/topology-host';

// The kernel is the reference: a process in QEMU's namespace, with QEMU's user, opens the same path. `npm run
// test:topologies -- --runs 100000` runs many more topologies (setup/many.mjs).

const runs = Number(process.env['MIGRATE_GUARD_TOPOLOGIES'] ?? 2000);
const base = '/dev/t';

let world: World;

beforeAll(async () => {
  world = await World.start();
});

afterAll(() => ifMade(world, (made) => made.end()));

/** The end of a walk in the notation of fake-qemu.pl, which shows the kernel's result. */
function inKernelWords({ end }: ResolvedPath): string {
  switch (end.kind) {
    case 'found':
      if (canBeDisk(end.entry)) return `${end.entry.kind} ${identity(end.entry)}`;
      return end.entry.kind === 'directory' ? 'directory' : 'other';
    case 'missing':
      return 'ENOENT';
    case 'not-a-directory':
      return 'ENOTDIR';
    case 'loop':
      return 'ELOOP';
    case 'too-long':
      return 'ENAMETOOLONG';
    case 'unreadable':
      return end.error;
  }
}

/**
 * In such trees the kernel does not let even root follow a link; our walk ignores that, because other checks
 * determine what QEMU may open.
 */
function bindsRoot(tree: MadeTree): boolean {
  return [...tree.values()].some(
    (made) =>
      (made.kind === 'directory' && made.mounts?.includes('nosymfollow')) ||
      made.binds?.some(({ option }) => option === 'nosymfollow') ||
      ((made.access?.mode ?? 0) & 0o1002) === 0o1002,
  );
}

/** Node cannot read such a target: then the end is unknown, and no other result is allowed. */
function isUnread({ end }: ResolvedPath, tree: MadeTree): boolean {
  if (end.kind !== 'unreadable' || end.error !== 'a link whose target is not UTF-8') return false;
  return [...tree.values()].some((made) => made.kind === 'link' && hasOddBytes(made.target));
}

/**
 * Executes the plan as a repair does.
 * @returns why it failed; undefined if it did not
 */
async function carryOut(domain: Domain, plan: readonly Step[]): Promise<string | undefined> {
  const { error } = await whileHeld(domain, world.stage, (held, host) => apply(plan, { held, host }));
  return error?.what;
}

/**
 * With more than 20 links in a path the kernel may return ELOOP by chance: if it must restart a walk, for example
 * because of a mount elsewhere, it does not reset its count of links (fs/namei.c: filename_lookup() walks up to three
 * times, and path_init() leaves total_link_count as it was; 8 of 1,000 with 39 links, while others mount). A real
 * loop returns it each time.
 */
async function askKernel(
  servant: Servant,
  verb: 'stat' | 'open' | 'hand-over',
  path: string,
): Promise<string> {
  let answer = await servant.ask(verb, path);
  for (let times = 1; times < 5 && answer.includes('ELOOP'); times += 1)
    answer = await servant.ask(verb, path);
  return answer;
}

const counted = new Map<string, number>();

async function holdAgainstKernel(made: Topology): Promise<void> {
  const { path } = made;
  const { qemu, inside } = world.residentOf(made);
  const domain = domainOf(qemu, path, made.role);
  // The facts are collected first and alone: otherwise a file that QEMU's own process opens for a moment would be
  // among its open files.
  const facts = await world.held.with(domain, (held) => collectFacts(held));
  if ('why' in facts) throw new Error(facts.why);
  const [hostEnd, rootEnd, qemuEnd, opened, handedOver] = await Promise.all([
    askKernel(world.stage.servant, 'stat', path),
    askKernel(inside, 'stat', path),
    askKernel(qemu.servant, 'stat', path),
    askKernel(qemu.servant, 'open', path),
    askKernel(qemu.servant, 'hand-over', path),
  ]);
  const [source] = facts.sources;
  if (!source) throw new Error('the only source is missing');
  const unread = [isUnread(source.host, made.host), isUnread(source.namespace, made.qemu)] as const;
  const isClosed = [source.host, source.namespace].map((walk) => closedDirectory(walk) !== undefined);
  if (!bindsRoot(made.host) && !unread[0] && !isClosed[0])
    expect(`host: ${inKernelWords(source.host)}`).toBe(`host: ${hostEnd}`);
  // If a directory is closed to QEMU's user, the kernel refuses QEMU, whatever root would find behind it.
  if (!bindsRoot(made.qemu) && !unread[1]) {
    const kernelEnd = isClosed[1] ? qemuEnd : rootEnd;
    expect(`inside: ${inKernelWords(source.namespace)}`).toBe(`inside: ${kernelEnd}`);
  }

  const { verdict, plan, findings } = report(facts);
  counted.set(verdict, (counted.get(verdict) ?? 0) + 1);

  const held = [`block ${world.right.rdev}`, world.shared];
  const [onHost, within] = [inKernelWords(source.host), inKernelWords(source.namespace)];
  const isRight = (answer: string): boolean => answer === onHost && held.includes(answer);
  // A file that QEMU does not reopen matters only if its path leads to another disk.
  const kept = isRight(onHost) && (within === onHost || !/^(block|file) /.test(within));
  const opens =
    made.role === 'disk'
      ? opened.split(',').every(isRight)
      : handedOver === 'kept'
        ? kept
        : isRight(handedOver);
  // An unknown is never safe; the domain is blocked if the other view alone is wrong.
  if (unread.includes(true))
    return expect(opens ? ['undecided'] : ['undecided', 'blocked']).toContain(verdict);
  const troubles = findings
    .filter(({ state }) => state !== 'ok')
    .map(({ check, what }) => `${check}: ${what}`);
  expect({ troubles, safe: verdict === 'safe' }).toEqual({ troubles: opens ? [] : troubles, safe: opens });
  expect(opens || troubles.length > 0).toBe(true);

  if (verdict === 'repairable') {
    expect(await carryOut(domain, plan)).toBeUndefined();
    expect(held).toContain(onHost);
    expect(await inside.ask('stat', path)).toBe(onHost);
  }
}

test(`${runs} topologies: the verdict agrees with the kernel`, async () => {
  process.stdout.write(`topologies: seed ${seed}\n`);
  await fc.assert(
    fc.asyncProperty(topology(base), async (made) => {
      try {
        await world.build(made);
        await holdAgainstKernel(made);
      } finally {
        await world.remove(made, base);
      }
    }),
    { numRuns: runs },
  );
  // All of these must occur; otherwise the generator is no longer useful.
  if (runs >= 1000)
    expect([...counted.keys()].sort()).toEqual(['blocked', 'repairable', 'safe', 'undecided']);
  process.stdout.write(
    `counted: ${[...counted].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}\n`,
  );
}, 600_000);
