import { Gate, latePath } from './command-barrier';
import { useGuardStage } from './guard-stage';

// QEMU 7.2 reports a guest that was paused when its migration failed as `postmigrate`, like one that has left.

const stage = useGuardStage();

test('a paused guest that cannot be handed over: the advised remedy works', async () => {
  const domain = await stage.lab.startDomain(560, { emulator: 'affected', disks: 2 });
  await domain.host.virsh('suspend', domain.name);
  const gate = Gate.on(domain.host, { beforeMove: latePath(stage.lab, domain) });
  const { exit, stderr } = await stage.runBehind(gate, 'migrate', domain.name, 'kvm2');
  expect([exit, await domain.state()]).toEqual([4, 'paused']);
  const wayOut = `virsh resume ${domain.name}`;
  expect(stderr).toMatch(new RegExp(`\\n {2}-> .*no other host has a copy of it: ${wayOut}\\n$`));
  for (const verb of ['inspect', 'reset'])
    expect((await stage.run(verb, domain.name)).stdout).toContain(wayOut);
  await domain.host.virsh('resume', domain.name);
  await stage.expectAliveOn('kvm1', domain);
  expect(await stage.guarded('migrate', domain.name, 'kvm2')).toMatchObject({ exit: 0 });
  await stage.expectAliveOn('kvm2', domain);
});
