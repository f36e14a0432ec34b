import { join } from 'node:path';
import type { Host } from '../../test/lab/harness';
import type { Narrator } from './narrator';

/** The world did something else than the story tells. */
export class WrongTurn extends Error {}

/** One part of the demo, with hosts and VMs of its own. */
export interface Act {
  readonly title: string;
  readonly play: (story: Story) => Promise<void>;
}

interface Expected {
  readonly exit: number;
  /** What its output must hold. */
  readonly says: readonly (string | RegExp)[];
}

const program = join(__dirname, '../../dist/migrate-guard.cjs');

/** Tells what happens while it happens, and holds the world to it. */
export class Story {
  private readonly cleanings: (() => Promise<void> | void)[] = [];

  constructor(readonly narrator: Narrator) {}

  /** Whatever is made says here how it is unmade; the last one made goes first. */
  whenOver(clean: () => Promise<void> | void): void {
    this.cleanings.push(clean);
  }

  /** Unmakes everything; one failure does not keep the rest. */
  async clean(): Promise<void> {
    const errors: unknown[] = [];
    for (let next = this.cleanings.pop(); next; next = this.cleanings.pop()) {
      try {
        await next();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join('; '));
  }

  /** @throws WrongTurn unless it is true. */
  expect(isTrue: boolean, what: string): void {
    if (!isTrue) throw new WrongTurn(what);
    this.narrator.proof(what);
  }

  /** Runs migrate-guard on a host as root, and shows what was typed and what it printed. */
  async guard(host: Host, args: readonly string[], { exit, says }: Expected): Promise<void> {
    this.narrator.prompt(`migrate-guard ${args.join(' ')}`);
    const result = await host.run([process.execPath, program, ...args]);
    const output = `${result.stdout}${result.stderr}`;
    this.narrator.quote(output);
    for (const wanted of says) {
      if (typeof wanted === 'string' ? !output.includes(wanted) : !wanted.test(output)) {
        throw new WrongTurn(`migrate-guard ${args.join(' ')} does not say ${String(wanted)}`);
      }
    }
    this.expect(
      result.exit === exit,
      `exit status ${exit}${exit === result.exit ? '' : `, not ${result.exit ?? 'a signal'}`}`,
    );
  }
}
