import { type Domain, HostWatcher, Lab, type LiveMigration } from '../test/lab/harness';
import type { Act, Story } from './story/story';

const vmIds = [312, 313, 314] as const;

interface Cast {
  readonly lab: Lab;
  readonly domains: readonly Domain[];
}

/** Shows what the watcher of a host changes: storage updates come unannounced, and plain virsh still moves every VM. */
export const watchedHosts: Act = {
  title: 'Two hosts with `migrate-guard watch`: after a storage update every VM still moves',
  play: async (story) => {
    const cast = await begin(story);
    theUpdate(story, cast);
    await nothingMoves(story, cast);
    const watchers = await theWatchers(story, cast);
    await theNextUpdate(story, cast, watchers);
    await everythingMoves(story, cast);
    await anotherVolume(story, cast, watchers);
    await theEnd(story, watchers);
  },
};

/** The watchers of the VMs' first host and of the other. */
interface Watchers {
  readonly here: HostWatcher;
  readonly there: HostWatcher;
}

async function begin(story: Story): Promise<Cast> {
  const { narrator } = story;
  narrator.scene('Two hosts, three VMs');
  narrator.say(
    'kvm1 and kvm2 come up, each with a network, an sshd and a libvirtd of its own, on shared volumes.',
  );
  const lab = await Lab.start();
  story.whenOver(() => lab.stop());
  const domains = await Promise.all(vmIds.map((vmId) => lab.startDomain(vmId, { memoryMiB: 32 })));
  narrator.say(
    `${namesOf(domains)} start on kvm1. Their guests write numbered records, so that a lost write would be seen.`,
  );
  for (const { disks } of domains)
    for (const { path, via, volume } of disks)
      narrator.quote(`${path} -> ${via ?? ''} -> ../${volume?.name ?? ''}`, 'dim');
  return { lab, domains };
}

function theUpdate(story: Story, cast: Cast): void {
  const { narrator } = story;
  narrator.scene('The storage update, on a Monday');
  rePoint(cast, '/dev/storpool-byid', volumeOf);
  narrator.say(
    'The storage software names its volumes in another directory, /dev/storpool-byid, and re-points the links of all disks to it. It asks nobody, and every VM runs on.',
  );
}

async function nothingMoves(story: Story, cast: Cast): Promise<void> {
  const { narrator } = story;
  narrator.scene('kvm1 is to be emptied, by plain virsh');
  const moves = await emptyHost(story, cast);
  for (const { stderr } of moves) narrator.quote(stderr, 'red');
  const [domain] = cast.domains;
  const from = moves[0]?.logged ?? 0;
  await domain?.untilLogged('inactivate', from);
  narrator.say(`virsh does not tell why. QEMU's log of ${domain?.name ?? ''} does, to those who know it:`);
  const lines = domain?.log().slice(from).split('\n') ?? [];
  narrator.quote(lines.find((line) => line.includes('inactivate')) ?? '', 'dim');
  story.expect(
    moves.every(({ exit }) => exit !== 0),
    `none of ${moves.length} VMs has moved`,
  );
}

/** All at once, by the command of OpenNebula's `kvm/migrate`. */
function emptyHost({ narrator }: Story, { lab, domains }: Cast): Promise<LiveMigration[]> {
  const names = domains.map(({ name }) => name).join(' ');
  narrator.prompt(`for vm in ${names}; do virsh migrate --live $vm qemu+ssh://kvm2/system & done; wait`);
  return Promise.all(domains.map((domain) => lab.migrate(domain, 'kvm2')));
}

async function theWatchers(story: Story, { lab, domains }: Cast): Promise<Watchers> {
  const { narrator } = story;
  narrator.scene('Each host gets a watcher');
  narrator.prompt('systemctl enable --now migrate-guard-watch     # on kvm1 and on kvm2');
  const here = await HostWatcher.start(lab.host('kvm1'));
  const there = await HostWatcher.start(lab.host('kvm2'));
  await repaired(here, domains, '/dev/storpool-byid');
  narrator.say(
    "The watcher of kvm1 has found the failed migrations in QEMU's logs: it gives QEMU its disks back, and makes in QEMU's own /dev what is missing there. From its journal:",
  );
  quoteNew(story, here, 0);
  await story.guard(here.host, ['check', '--all'], {
    exit: 0,
    says: domains.map(({ name }) => `${name}: safe`),
  });
  return { here, there };
}

async function theNextUpdate(story: Story, cast: Cast, { here }: Watchers): Promise<void> {
  const { narrator } = story;
  narrator.scene('The next update, at night');
  narrator.say(
    'Now the links lead through /dev/volumes. Again it asks nobody, and this time nobody is there.',
  );
  const { length } = here.output;
  rePoint(cast, '/dev/volumes', ({ name }) => `../storpool-byid/${name}`);
  const changed = performance.now();
  await repaired(here, cast.domains, '/dev/volumes');
  const seconds = ((performance.now() - changed) / 1000).toFixed(1);
  quoteNew(story, here, length);
  narrator.proof(`${seconds} s after the last link was re-pointed, every QEMU has the new path`);
}

async function everythingMoves(story: Story, cast: Cast): Promise<void> {
  const { narrator } = story;
  const { lab, domains } = cast;
  narrator.scene('kvm1 is emptied once more, by the same plain virsh');
  const moves = await emptyHost(story, cast);
  story.expect(
    moves.every(({ exit }) => exit === 0),
    `${domains.length} of ${domains.length} VMs have moved: no guard, no script, no change in OpenNebula`,
  );
  for (const domain of domains) {
    const places = await lab.whereRuns(domain);
    const arrived = domain.on(lab.host('kvm2'));
    await arrived.expectCounting();
    const records = await arrived.verifyPattern();
    story.expect(
      places['kvm1']?.processes === 0 && records > 0,
      `${domain.name} runs on kvm2 alone, and all ${records} records that its guest wrote are on the disk`,
    );
  }
}

async function anotherVolume(story: Story, { lab, domains }: Cast, { there }: Watchers): Promise<void> {
  const { narrator } = story;
  narrator.scene('What a watcher must never do');
  const [victim, other] = domains as readonly [Domain, Domain];
  narrator.say(
    `Somebody leads the link of ${victim.name} to the volume of ${other.name}. That is no path to repair: with it, the VM would write to another VM's disk.`,
  );
  const { length } = there.output;
  const link = `/dev/volumes/${victim.name}`;
  lab.host('kvm2').link(link, `../storpool-byid/${other.name}`);
  await there.says(`${victim.name}: blocked: `, length);
  quoteNew(story, there, length);
  narrator.say('It changes nothing, and says so once. The link is put right:');
  lab.host('kvm2').link(link, `../storpool-byid/${victim.name}`);
  await there.says(`${victim.name}: safe again`, length);
  await story.guard(there.host, ['watch', '--status'], {
    exit: 0,
    says: ['watches 3 VMs', 'every VM is safe'],
  });
}

async function theEnd(story: Story, { here, there }: Watchers): Promise<void> {
  story.narrator.scene('The watchers end');
  const exits = [await here.end(), await there.end()];
  story.expect(
    exits.every((exit) => exit === 0),
    'systemctl stop: both end with exit status 0',
  );
}

/** Does what a storage update does: each host gets new links, and the datastore's links lead through them. */
function rePoint({ lab, domains }: Cast, directory: string, target: (domain: Domain) => string): void {
  for (const domain of domains) {
    const link = `${directory}/${domain.name}`;
    for (const host of lab.hosts) host.link(link, target(domain));
    for (const { path } of domain.disks) domain.host.link(path, link);
  }
}

function volumeOf({ disks }: Domain): string {
  return `../${disks[0]?.volume?.name ?? ''}`;
}

async function repaired(watcher: HostWatcher, domains: readonly Domain[], directory: string): Promise<void> {
  for (const { name } of domains) await watcher.says(`${name}: repaired: make directory ${directory}`);
}

/** Prints the lines of the journal since it had this length. */
function quoteNew({ narrator }: Story, { output }: HostWatcher, length: number): void {
  narrator.quote(output.slice(length), 'yellow');
}

function namesOf(domains: readonly Domain[]): string {
  const names = domains.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
