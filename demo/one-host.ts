import { type Domain, Host, migrateToSink, relinkDisk, startDomain, Volume } from '../test/lab/harness';
import { Pulse } from './story/pulse';
import type { Act, Story } from './story/story';

const vmId = 310;
const name = `one-${vmId}`;

/** Shows what broke, what migrate-guard reports, and how the path is repaired while the VM runs. */
export const oneHost: Act = {
  title: 'A storage update re-points a link, and a VM cannot migrate any more',
  play: async (story) => {
    const domain = await begin(story);
    const pulse = new Pulse(domain);
    await allIsWell(story, domain, pulse);
    await theUpdate(story, domain);
    await theMigrationFails(story, domain, pulse);
    await theRepair(story, domain, pulse);
    await theMigrationWorks(story, domain, pulse);
  },
};

async function begin(story: Story): Promise<Domain> {
  const { narrator } = story;
  narrator.scene('The stage');
  narrator.say('A host called kvm1 comes up in namespaces of this machine, with a libvirtd of its own.');
  const host = await Host.start({ name: 'kvm1' });
  story.whenOver(() => host.stop());
  const volumes = [await Volume.create(), await Volume.create()] as const;
  story.whenOver(() => volumes.forEach((volume) => volume.release()));
  volumes[0].installGuest({ writesTo: [0, 1] });
  narrator.say(
    `VM ${name} starts on it: a real QEMU, whose guest counts and writes the count to its two disks. As OpenNebula with StorPool has it, their paths are links to links to devices:`,
  );
  const domain = await startDomain(host, {
    vmId,
    disks: [
      { target: 'vda', volume: volumes[0] },
      { target: 'vdb', volume: volumes[1] },
    ],
  });
  for (const { path, via, volume } of domain.disks)
    narrator.quote(`${path} -> ${via ?? ''} -> ../${volume?.name ?? ''}`, 'dim');
  return domain;
}

async function allIsWell(story: Story, { host }: Domain, pulse: Pulse): Promise<void> {
  story.narrator.scene('All is well');
  await pulse.feel(story);
  await story.guard(host, ['check', name], { exit: 0, says: [`${name}: safe`] });
}

async function theUpdate(story: Story, domain: Domain): Promise<void> {
  const { narrator } = story;
  narrator.scene('The storage update');
  const link = relinkDisk(domain, 1, 'fir.b.f2g');
  narrator.say(
    `The storage software is updated. It now names its volumes in another directory, and re-points the link of vdb to ${link}.`,
  );
  narrator.say(
    'On the host that path works. But QEMU lives in a mount namespace whose /dev was filled when the VM started. Nobody notices, unless somebody asks:',
  );
  await story.guard(domain.host, ['check', name], {
    exit: 1,
    says: [`${name}: repairable`, "/dev/storpool-byid is missing in QEMU's mount namespace"],
  });
  await story.guard(domain.host, ['explain', name], {
    exit: 1,
    says: [`${link} -> `, '/dev/storpool-byid: missing'],
  });
}

async function theMigrationFails(story: Story, domain: Domain, pulse: Pulse): Promise<void> {
  const { narrator } = story;
  narrator.scene('A live migration, as if nothing had been said');
  narrator.say(
    'The memory is copied, the guest stops for the hand-over, and to let go of its disks QEMU opens each once more, read-only, by its name …',
  );
  const { status, log } = await migrateToSink(domain);
  narrator.quote(linesAbout(log, 'inactivate'), 'red');
  story.expect(status === 'failed', 'the migration failed');
  await pulse.feel(story);
}

async function theRepair(story: Story, { host }: Domain, pulse: Pulse): Promise<void> {
  story.narrator.scene('The repair, while the VM runs');
  await story.guard(host, ['repair', name, '--dry-run'], {
    exit: 0,
    says: ['a dry run: nothing was changed'],
  });
  await story.guard(host, ['repair', name], {
    exit: 0,
    says: ['repaired, and every disk opens as QEMU opens it'],
  });
  story.narrator.say(
    'The failed attempt may have left more behind: in older QEMU a flag that makes every later migration fail, or kills the VM. QEMU is told to take its disks back, while the guest runs on:',
  );
  await story.guard(host, ['reset', name], { exit: 0, says: ['healed'] });
  await story.guard(host, ['check', name, '--deep'], { exit: 0, says: [`${name}: safe`] });
  await pulse.feel(story);
}

async function theMigrationWorks(story: Story, domain: Domain, pulse: Pulse): Promise<void> {
  const { narrator } = story;
  narrator.scene('The same live migration once more');
  narrator.say('The same hand-over, with the same QEMU process.');
  const { status, log } = await migrateToSink(domain);
  story.expect(status === 'completed' && log === '', 'the migration completed, and QEMU logged no complaint');
  narrator.say(
    'There is no second host here: the copy went to a socket that swallows it, and the guest is resumed where it was.',
  );
  await domain.qmp('cont');
  await pulse.feel(story);
}

function linesAbout(log: string, word: string): string {
  return log
    .split('\n')
    .filter((line) => line.includes(word))
    .join('\n');
}
