import { affectedQemu, type Domain, type Emulator, Lab } from '../test/lab/harness';
import type { Act, Story } from './story/story';

const vmId = 311;
const name = `one-${vmId}`;

/** Shows a real live migration between two hosts: without the guard, and with it. */
export function twoHosts(emulator: Emulator): Act {
  return {
    title: `Two hosts: the same failure for real, and what \`migrate-guard migrate\` makes of it`,
    play: async (story) => {
      const { lab, domain } = await begin(story, emulator);
      await unguarded(story, lab, domain);
      await guarded(story, lab, domain);
    },
  };
}

async function begin(story: Story, emulator: Emulator): Promise<{ lab: Lab; domain: Domain }> {
  const { narrator } = story;
  narrator.scene('Two hosts');
  if (emulator === 'affected') {
    affectedQemu();
    narrator.say(
      'QEMU is 7.2.0 this time: it does not take its disks back by itself when handing over fails.',
    );
  }
  narrator.say(
    'kvm1 and kvm2 come up, each with a network, an sshd and a libvirtd of its own, on shared volumes.',
  );
  const lab = await Lab.start();
  story.whenOver(() => lab.stop());
  const domain = await lab.startDomain(vmId, { emulator });
  narrator.say(
    `${name} starts on kvm1. Its guest writes numbered records, so that a lost write would be seen.`,
  );
  const link = lab.relink(domain);
  narrator.say(`The storage update comes to both hosts: the disk's link now leads through ${link}.`);
  return { lab, domain };
}

async function unguarded(story: Story, lab: Lab, domain: Domain): Promise<void> {
  const { narrator } = story;
  narrator.scene('OpenNebula migrates, without guard');
  const { argv, exit, stderr, log } = await lab.migrate(domain, 'kvm2');
  narrator.prompt(argv.join(' '));
  narrator.quote(stderr);
  narrator.quote(log.split('\n').find((line) => line.includes('inactivate')) ?? '', 'red');
  story.expect(exit !== 0, 'the migration failed, and nothing that virsh says tells why');
  await domain.expectCounting();
  story.expect(domain.alive(), 'the guest is alive on kvm1, and counts on');
}

async function guarded(story: Story, lab: Lab, domain: Domain): Promise<void> {
  const { narrator } = story;
  narrator.scene('The same migration under guard');
  await story.guard(lab.host('kvm1'), ['migrate', name, 'kvm2'], {
    exit: 0,
    says: ['repair: /dev/storpool-byid', 'reset: ', `${name}: done`],
  });
  const places = await lab.whereRuns(domain);
  story.expect(
    places['kvm1']?.processes === 0 && places['kvm2']?.state === 'running',
    `${name} runs on kvm2, and nowhere else`,
  );
  const there = domain.on(lab.host('kvm2'));
  await there.expectCounting();
  const records = await there.verifyPattern();
  story.expect(records > 0, `all ${records} records that the guest wrote are on the disk`);
}
