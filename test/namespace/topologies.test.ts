import fc from 'fast-check';
import type { Domain } from '../../src/core/domain';
import type { DomainFacts } from '../../src/core/facts';
import { identity } from '../../src/core/entry';
import { canBeDisk, type Step } from '../../src/core/plan';
import type { Walk } from '../../src/core/walk';
import { apply } from '../../src/steps';
import { gather } from '../../src/system/gather';
import { holdDomain } from '../../src/system/held-domain';
import { TreeView } from '../../src/system/view';
import { report } from '../../src/workflows/plain-check';
import { Servant, Stage, Tree, Volume, type Qemu } from './harness';
import { Builder } from './topologies/builder';
import { sharedFile, type MadeTree, type Topology } from './topologies/made';
import { topology } from './topologies/topology';

// The judge is the kernel: a process in QEMU's namespace, with QEMU's user, opens the same path.

const runs = Number(process.env['MIGRATE_GUARD_TOPOLOGIES'] ?? 2000);
const seed = Number(process.env['MIGRATE_GUARD_SEED'] ?? Date.now() % 2 ** 31);
const base = '/dev/t';

let stage: Stage;
let qemu: Qemu;
/** Root inside QEMU's namespace. */
let inside: Servant;
let onHost: Builder;
let inQemu: Builder;
let right: Volume;
let wrong: Volume;
/** The shared file in the kernel's words. */
let shared: string;

beforeAll(async () => {
  [right, wrong] = [await Volume.create(), await Volume.create()];
  const devices = { right: right.rdev, wrong: wrong.rdev };
  stage = await Stage.start('');
  stage.host.file(sharedFile, '', { uid: 9869 });
  shared = await stage.servant.ask('stat', sharedFile);
  qemu = await stage.startQemu({
    disks: [],
    holds: ['/dev/held', sharedFile],
    user: { uid: 9869, gid: 9869, groups: [9869, 36] },
    prepare: async (tree) => {
      tree.mount('-o', 'remount,size=64m', '/dev');
      await tree.node('/dev/held', 'b', right.rdev);
    },
  });
  inside = await Servant.start('guest', [], qemu.pid);
  onHost = new Builder(stage.servant, stage.host, devices);
  inQemu = new Builder(inside, new Tree(inside.pid, inside), devices);
});

afterAll(async () => {
  await inside.end();
  await stage.end();
  right.release();
  wrong.release();
});

function domainWith(path: string): Domain {
  const source = {
    disk: 'vda',
    role: 'disk',
    path,
    type: 'block',
    readonly: false,
    shareable: false,
    direct: false,
  } as const;
  return { name: qemu.name, uuid: qemu.uuid, pid: qemu.pid, sources: [source], others: [] };
}

async function gatherFacts(path: string): Promise<DomainFacts> {
  const host = TreeView.open(stage.host.root);
  try {
    const facts = await holdDomain(domainWith(path), (held) => gather(held, host));
    if ('why' in facts) throw new Error(facts.why);
    return facts;
  } finally {
    host.close();
  }
}

/** The end of a walk in the words of stand-in.pl, which are those of the kernel. */
function inKernelWords({ end }: Walk): string {
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

/** There the kernel refuses even root to follow a link, which our walk does not do: what QEMU may is asked elsewhere. */
function bindsRoot(tree: MadeTree): boolean {
  return [...tree.values()].some(
    (made) =>
      ('mount' in made && made.mount === 'nosymfollow') || ((made.access?.mode ?? 0) & 0o1002) === 0o1002,
  );
}

/** Carries the plan out as a repair does; gives why it could not, if it could not. */
async function carryOut(path: string, plan: readonly Step[]): Promise<string | undefined> {
  const host = TreeView.open(stage.host.root);
  try {
    const done = await holdDomain(domainWith(path), async (held) => {
      const { error } = await apply(plan, { held, host });
      return { error: error?.what };
    });
    if ('why' in done) throw new Error(done.why);
    return done.error;
  } finally {
    host.close();
  }
}

const counted = new Map<string, number>();

async function holdAgainstKernel({ path, host, qemu: namespace }: Topology): Promise<void> {
  const [facts, hostEnd, rootEnd, opened] = await Promise.all([
    gatherFacts(path),
    stage.servant.ask('stat', path),
    inside.ask('stat', path),
    qemu.servant.ask('open', path),
  ]);
  const [source] = facts.sources;
  if (!source) throw new Error('the only source is missing');
  if (!bindsRoot(host)) expect(`host: ${inKernelWords(source.host)}`).toBe(`host: ${hostEnd}`);
  if (!bindsRoot(namespace)) expect(`inside: ${inKernelWords(source.namespace)}`).toBe(`inside: ${rootEnd}`);

  const { verdict, plan, findings } = report(facts);
  const held = [`block ${right.rdev}`, shared];
  const opens = opened
    .split(',')
    .every((answer) => answer === inKernelWords(source.host) && held.includes(answer));
  const troubles = findings
    .filter(({ state }) => state !== 'ok')
    .map(({ check, what }) => `${check}: ${what}`);
  expect({ troubles, safe: verdict === 'safe' }).toEqual({ troubles: opens ? [] : troubles, safe: opens });
  expect(opens || troubles.length > 0).toBe(true);

  if (verdict === 'repairable') {
    expect(await carryOut(path, plan)).toBeUndefined();
    expect(await inside.ask('stat', path)).toBe(`block ${right.rdev}`);
  }
  counted.set(verdict, (counted.get(verdict) ?? 0) + 1);
}

test(`${runs} topologies: the verdict is what the kernel does`, async () => {
  process.stdout.write(`topologies: seed ${seed}\n`);
  await fc.assert(
    fc.asyncProperty(topology(base), async (made) => {
      try {
        await Promise.all([onHost.build(made.host), inQemu.build(made.qemu)]);
        await holdAgainstKernel(made);
      } finally {
        await Promise.all([onHost.remove(base), inQemu.remove(base)]);
      }
    }),
    { numRuns: runs, seed },
  );
  // All of them have to occur, or the generator has lost its edge.
  expect([...counted.keys()].sort()).toEqual(['blocked', 'repairable', 'safe']);
  process.stdout.write(
    `topologies: ${[...counted].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}\n`,
  );
}, 600_000);
