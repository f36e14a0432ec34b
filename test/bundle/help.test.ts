import { verbs } from '../../src/commands';
import { optionsOf } from '../../src/cli/command';
import { runCommand } from '../../src/os/run-command';
import { ifMade } from '../support/if-made';
import { buildAlone, type Built } from './build-once';

let built: Built;

beforeAll(async () => {
  built = await buildAlone();
});
afterAll(() => ifMade(built, (made) => made.remove()));

test.each(verbs.map((verb) => [verb.name, verb] as const))(
  'the help of %s: words, options, examples',
  async (name, verb) => {
    const { exit, stdout, stderr } = await runCommand([built.file, name, '--help'], {
      deadline: 120_000,
    });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const usage = `Usage: migrate-guard ${`${name} ${verb.words}`.trim()}`;
    expect(stdout.startsWith(`${usage}\n\n${verb.summary}\n`)).toBe(true);
    for (const option of Object.keys(optionsOf(verb))) {
      expect(stdout).toContain(`--${option} `);
    }
    // The command is on one line, so that it can be copied.
    for (const [example] of verb.examples) expect(stdout).toContain(example);
  },
);
