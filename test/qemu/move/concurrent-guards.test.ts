import { existsSync, readdirSync } from 'node:fs';
import { exitCodes } from '../../../src/core/exit-codes';
import type { GuardReport } from '../../../src/move/move-report';
import { type Domain, relinkDisk } from '../../lab/harness';
import { ifMade } from '../../support/if-made';
import { Stage } from '../qemu-stage';

// Many guards run concurrently on fewer VMs. The setting is the number of guards; there are two VMs for five of them.
const guards = Number(process.env['MIGRATE_GUARD_GUARDS'] ?? 10);
const vms = Math.ceil((guards * 2) / 5);

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => ifMade(stage, (made) => made.stop()));

const fileOf = (name: string): string => `/var/lib/one/datastores/${name}.save`;

/** One guard: its output and its exit status. */
async function save({
  name,
}: Domain): Promise<{ name: string; exit: number | null; report: Partial<GuardReport> }> {
  const command = [process.execPath, stage.program, 'save', name, fileOf(name), '--json'] as const;
  // No guard waits for another one: the deadline only allows for many of them on one machine.
  const { exit, stdout } = await stage.host.run(command, { deadline: 300_000 });
  return { name, exit, report: JSON.parse(stdout) as Partial<GuardReport> };
}

test(`${guards} guards on ${vms} VMs: one works on each, and none waits for ever`, async () => {
  const domains: Domain[] = [];
  for (let index = 0; index < vms; index += 1) {
    const domain = await stage.domain(700 + index, 1, { memoryMiB: 32 });
    // Every second VM needs a repair first.
    if (index % 2 === 1) relinkDisk(domain);
    domains.push(domain);
  }
  const asked = Array.from({ length: guards }, (_, index) => domains[index % vms] as Domain);
  const answers = await Promise.all(asked.map(save));

  const { ok, busy, undecided } = exitCodes;
  for (const domain of domains) {
    const own = answers.filter(({ name }) => name === domain.name);
    const done = own.filter(({ exit }) => exit === ok.status);
    expect(done).toHaveLength(1);
    expect(done[0]?.report).toMatchObject({ result: 'done', attempts: [{ exit: 0 }] });
    // The other guards found the VM locked, or started after the work was done.
    const others = own.filter(({ exit }) => exit !== ok.status);
    expect(others.filter(({ exit }) => exit !== busy.status && exit !== undecided.status)).toEqual([]);
    expect(others.every(({ report }) => (report.attempts ?? []).length === 0)).toBe(true);
    expect(existsSync(stage.host.path(fileOf(domain.name)))).toBe(true);
    expect(domain.alive()).toBe(false);
    const held = readdirSync(stage.host.path(`/run/migrate-guard/${domain.name}.lock`));
    expect(held.filter((file) => file.endsWith('.held'))).toEqual([]);
  }
  process.stderr.write(
    `counted: ${vms} saved, ${answers.filter(({ exit }) => exit === busy.status).length} busy\n`,
  );

  const [first] = domains as [Domain];
  await stage.host.virsh('restore', fileOf(first.name));
  const restored = first.on(stage.host);
  await restored.expectCounting();
  await restored.destroy();
}, 900_000);
