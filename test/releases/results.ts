import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blockStateCheck } from '../../src/block-state/model/judge';
import type { Finding, Verdict } from '../../src/core/finding';
import type { Versions } from './release-stage';

/** Without it, a small selection runs, and nothing is recorded: `npm test` has two minutes for it. */
export const isWhole = process.env.MIGRATE_GUARD_ALL_CASES !== undefined;

/** libvirt 12.8 has no `dump --live` of a QEMU, however healthy. */
export const notOffered = 'this libvirt does not offer it';

/** What the check said of an order, and what the order then did. */
export interface OrderCell {
  readonly disks: string;
  /** `nothing` for a healthy VM. */
  readonly missing: string;
  readonly order: string;
  /** Of the paths alone, and with QEMU's own answers. */
  readonly verdict: Verdict;
  readonly deep: Verdict;
  readonly really: 'succeeds' | 'fails' | 'succeeds, but the next live migration fails' | typeof notOffered;
  /** The order after a repair; absent where it succeeded without one. */
  readonly repaired?: 'succeeds' | 'fails' | 'not repairable';
}

/** A workflow that was run: `shown`, or why it does not apply. */
interface WorkflowCell {
  readonly workflow: string;
  readonly outcome: string;
}

/**
 * The result file of one release. The runner takes it out of the temporary directory of the run
 * (setup/test-runner/platforms.mjs), and docs/platforms.md is made from it.
 */
export class Results {
  readonly orders: OrderCell[] = [];
  readonly workflows: WorkflowCell[] = [];
  versions: Versions | undefined;

  constructor(private readonly name: string) {}

  ordersOf(kind: string, part: string): readonly OrderCell[] {
    return this.orders.filter(({ disks, missing }) => disks === kind && missing === part);
  }

  /** Called after each test; the runner keeps the file only if all of them passed. */
  write(): void {
    if (!isWhole) return;
    const directory = join(tmpdir(), 'platforms');
    mkdirSync(directory, { recursive: true });
    const { versions, orders, workflows } = this;
    const text = JSON.stringify({ versions, workflows, orders }, null, 2);
    writeFileSync(join(directory, `${this.name}.json`), `${text}\n`);
  }
}

/**
 * The cells in which what happened contradicts the verdict: what is `safe` fails, what is `blocked` succeeds, what is
 * `repairable` fails after a repair. `undecided` is always one, because all facts can be read here.
 */
export function contradicts(cells: readonly OrderCell[]): readonly OrderCell[] {
  const offered = cells.filter(({ really }) => really !== notOffered);
  return offered.filter(({ verdict, deep, really, repaired }) => {
    const right = ['repairable', really === 'succeeds' ? 'safe' : 'blocked'];
    return repaired === 'fails' || ![verdict, deep].every((each) => right.includes(each));
  });
}

/**
 * What `check --deep` must not find after a repair. A hand-over that failed is in QEMU's log: without a stored layout,
 * a QEMU that does not report its nodes as active has an unknown block state until it is reset, or another takes over.
 */
export function troublesAfterRepair(
  findings: readonly Finding[],
  really: OrderCell['really'],
): readonly Finding[] {
  const isKnown = ({ check, state }: Finding): boolean =>
    really !== 'succeeds' && check === blockStateCheck && state === 'unknown';
  return findings.filter((finding) => finding.state !== 'ok' && !isKnown(finding));
}
