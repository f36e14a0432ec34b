import { join } from 'node:path';
import type { Host } from '../../test/lab/harness';
import type { Narrator } from './narrator';

/** The result differs from what the story expects. */
export class WrongTurn extends Error {}

/** One part of the demo, with its own hosts and VMs. */
export interface Act {
  readonly title: string;
  readonly play: (story: Story) => Promise<void>;
}

interface Expected {
  readonly exit: number;
  /** The text that its output must contain. */
  readonly says: readonly (string | RegExp)[];
}

const program = join(__dirname, '../../dist/migrate-guard.cjs');

/** Describes what happens as it happens, and verifies that it does. */
export class Story {
  private readonly cleanings: (() => Promise<void> | void)[] = [];

  constructor(readonly narrator: Narrator) {}

  /** Registers the removal of each thing that the story creates; the last one created is removed first. */
  whenOver(clean: () => Promise<void> | void): void {
    this.cleanings.push(clean);
  }

  /** Removes everything; one failure does not prevent the other removals. */
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

  /** @throws WrongTurn unless it is true */
  expect(isTrue: boolean, what: string): void {
    if (!isTrue) throw new WrongTurn(what);
    this.narrator.proof(what);
  }

  /** Runs migrate-guard on a host as root, and prints the command and its output. */
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
