import { appendFileSync } from 'node:fs';
import { seed } from '../../support/seeded-fast-check';
import { ifMade } from '../../support/if-made';
import { bundleProgram, Volume, type Program } from '../harness';
import { changing } from './mutating-workflows';
import { faults, meet, runUnhindered, type FaultName, type Outcome, type Unhindered } from './fault-run';

// Each system call by which a workflow changes something is tested with each fault: some of them here, and any number
// with `npm run test:faults`.

const most = Number(process.env['MIGRATE_GUARD_FAULTS'] ?? 1);
const report = process.env['MIGRATE_GUARD_FAULTS_REPORT'];

let program: Program;
const volumes: Volume[] = [];

beforeAll(async () => {
  program = await bundleProgram();
  while (volumes.length < 3) volumes.push(await Volume.create());
  process.stderr.write(`seed ${seed}\n`);
});
afterAll(() => {
  ifMade(program, (made) => made.remove());
  for (const volume of volumes) volume.release();
});

describe.each(changing)('$name', (workflow) => {
  /** The result is the same for all faults: each run has a new environment, and these are alike. */
  let reference: Promise<Unhindered> | undefined;

  test.each(Object.keys(faults) as FaultName[])(
    '%s',
    async (fault) => {
      reference ??= runUnhindered(workflow, program.file, volumes);
      const unhindered = await reference;
      const points = unhindered.calls.filter((call) => faults[fault].meets(call));
      expect(points.length).toBeGreaterThan(0);
      const outcomes: Record<Outcome, number> = { done: 0, 'as it was': 0, 'in between': 0 };
      const wrong: string[] = [];
      for (const call of spread(points)) {
        const met = await meet(workflow, unhindered, call, fault, [program.file, volumes]);
        if (!met) continue;
        outcomes[met.outcome] += 1;
        wrong.push(...met.wrong.map((what) => `${call.name} ${call.nth} (${call.on}): ${what}`));
      }
      expect(wrong).toEqual([]);
      const result = { workflow: workflow.name, fault, points: points.length, seen: outcomes };
      if (report !== undefined) appendFileSync(report, `${JSON.stringify(result)}\n`);
    },
    3_600_000,
  );
});

/** This many of them, from first to last; the seed determines which ones. */
function spread<T>(points: readonly T[]): T[] {
  const count = Math.min(most, points.length);
  const start = seed % Math.ceil(points.length / count);
  return Array.from({ length: count }, (_, index) => {
    return points[(start + Math.floor((index * points.length) / count)) % points.length] as T;
  });
}
