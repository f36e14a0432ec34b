import { appendFileSync } from 'node:fs';
import { exitCodes } from '../../../src/core/exit-codes';
import { ifMade } from '../../support/if-made';
import { bundleProgram, Volume, type Program, type Stage } from '../harness';
import { inject, record } from './syscall-trace';
import { looking, refused, untold, type Case } from './read-only-workflows';

// After a failing read, stat, open or readlink a verdict may be undecided or unchanged; it must never become safe.

const most = Number(process.env['MIGRATE_GUARD_FAULTS'] ?? 3);
const report = process.env['MIGRATE_GUARD_FAULTS_REPORT'];

let program: Program;
const volumes: Volume[] = [];

beforeAll(async () => {
  program = await bundleProgram();
  while (volumes.length < 3) volumes.push(await Volume.create());
});
afterAll(() => {
  ifMade(program, (made) => made.remove());
  for (const volume of volumes) volume.release();
});

test.each(looking)(
  '$verb of what is $truth, EIO',
  async (asked) => {
    const { stage } = await asked.make(program.file, volumes);
    try {
      const run = runOn(stage, asked);
      const { result, calls } = await record('looks', run, asked.from);
      expect(asked.read(result.stdout)).toBe(asked.truth);
      const verdicts = new Map<string, number>();
      const wrong: string[] = [];
      const step = Math.max(1, Math.floor(calls.length / most));
      for (const call of calls.filter((_, index) => index % step === 0)) {
        const hit = await inject('looks', call, { inject: 'error=EIO', lasting: false }, run);
        if (!hit) continue;
        const verdict = asked.read(hit.stdout);
        verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        const isKnown = Object.values(exitCodes).some(({ status }) => status === hit.exit);
        if (!isKnown || /^\s+at .*[:(]/m.test(hit.stderr) || !isTrue(verdict, hit.exit, asked))
          wrong.push(`${call.name} ${call.nth} (${call.on}): ${hit.exit ?? ''} ${verdict} ${hit.stderr}`);
      }
      expect(wrong).toEqual([]);
      const found = { workflow: `${asked.verb} (${asked.truth})`, fault: 'EIO', points: calls.length };
      if (report !== undefined)
        appendFileSync(report, `${JSON.stringify({ ...found, seen: Object.fromEntries(verdicts) })}\n`);
    } finally {
      await stage.end();
    }
  },
  3_600_000,
);

function runOn(stage: Stage, { argv, input }: Case): Parameters<typeof record>[1] {
  const env = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };
  return (under) => stage.run(argv, { under, env, ...(input === undefined ? {} : { input }) });
}

function isTrue(verdict: string, exit: number | null, { truth }: Case): boolean {
  if (verdict === refused) return exit !== exitCodes.ok.status;
  return truth === 'safe' ? ['safe', 'undecided', untold].includes(verdict) : verdict !== 'safe';
}
