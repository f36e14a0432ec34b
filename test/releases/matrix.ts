import { breakPath, type DiskKind, DiskMaker, type Missing, restorePath, type Vm } from './disk-kinds';
import { commit, copy, dump, memorySnapshot, migrate, type RealOrder, save, snapshot } from './orders';
import { plainOrders, pull } from './plain-orders';
import type { ReleaseStage, Report } from './release-stage';
import { notOffered, type OrderCell, type Results, troublesAfterRepair } from './results';

type Really = OrderCell['really'];
type Verdicts = Pick<OrderCell, 'verdict' | 'deep'>;

/** A disk of a VM, and what is missing of its path. */
interface Subject {
  readonly kind: DiskKind;
  readonly vm: Vm;
  readonly index: number;
}

/** Carries out orders on VMs of one kind of disks, and records of each what the check says, and what it really does. */
export class Matrix {
  constructor(
    private readonly stage: ReleaseStage,
    private readonly maker: DiskMaker,
    private readonly results: Results,
  ) {}

  /** A VM of which nothing is missing. */
  async healthy(
    kind: DiskKind,
    { disks, orders = [save, migrate] }: { disks: number; orders?: readonly RealOrder[] },
  ): Promise<void> {
    const vm = await this.maker.start(kind, disks);
    const subject = { kind, vm, index: disks - 1 };
    for (const words of [['check'], ['check', '--deep'], ['explain'], ['inspect']] as const) {
      const [command, ...options] = words;
      expect(await this.stage.report(vm.domain, command, ...options)).toMatchObject({
        exit: 0,
        verdict: 'safe',
      });
    }
    const judge = this.judging(subject);
    for (const order of ordersFor(kind, orders)) {
      const verdicts = await judge(order);
      const really = await this.carryOut(subject, order);
      const missing = 'nothing';
      this.results.orders.push({ disks: kind.name, missing, order: order.name, ...verdicts, really });
    }
    await vm.domain.destroy();
  }

  /** A VM one of whose disks has a path that is broken again before each order, and repaired after it. */
  async broken(
    kind: DiskKind,
    missing: Missing,
    { disks, orders }: { disks: number; orders: readonly RealOrder[] },
  ): Promise<void> {
    const vm = await this.maker.start(kind, disks);
    const subject = { kind, vm, index: Math.min(1, disks - 1) };
    const judge = this.judging(subject, () => breakPath(this.stage.lab, vm, subject.index, missing));
    for (const order of ordersFor(kind, orders)) {
      const verdicts = await judge(order);
      const really = await this.carryOut(subject, order);
      const cell = { disks: kind.name, missing, order: order.name, ...verdicts, really };
      const isHarmed = really !== 'succeeds' && really !== notOffered;
      const repaired = isHarmed ? { repaired: await this.afterRepair(subject, order, cell) } : {};
      this.results.orders.push({ ...cell, ...repaired });
    }
    await vm.domain.destroy();
  }

  /** What the order does after a repair. One that a repair refuses gets its old path back. */
  private async afterRepair(
    subject: Subject,
    order: RealOrder,
    { verdict, really }: Pick<OrderCell, 'verdict' | 'really'>,
  ): Promise<Required<OrderCell>['repaired']> {
    const repair = await this.stage.report(subject.vm.domain, 'repair');
    if (verdict === 'blocked' && repair.verdict === 'blocked') {
      restorePath(subject.vm, subject.index);
      await this.makeBlockStateKnown(subject);
      return 'not repairable';
    }
    expect(repair).toMatchObject({ exit: 0, verdict: 'safe' });
    expect(await this.check(subject, order)).toMatchObject({ exit: 0, verdict: 'safe' });
    const { findings } = await this.check(subject, order, '--deep');
    expect(troublesAfterRepair(findings, really)).toEqual([]);
    // A snapshot that succeeded must not be made twice.
    const after = await this.carryOut(subject, really === 'fails' ? order : migrate);
    await this.makeBlockStateKnown(subject);
    return after === 'succeeds' ? 'succeeds' : 'fails';
  }

  /** The failure is in QEMU's log, and would leave the next verdict undecided. */
  private async makeBlockStateKnown({ vm }: Subject): Promise<void> {
    await this.stage.report(vm.domain, 'reset');
  }

  private check({ vm }: Subject, { judgedAs }: RealOrder, ...options: readonly string[]): Promise<Report> {
    const orders = judgedAs === undefined ? [] : ['--for', judgedAs];
    return this.stage.report(vm.domain, 'check', ...options, ...orders);
  }

  /** What the check says before an order. One answer is enough for plain orders in a row: it is the same for all. */
  private judging(
    subject: Subject,
    prepare: () => Promise<void> = () => Promise.resolve(),
  ): (order: RealOrder) => Promise<Verdicts> {
    let ofPlain: Verdicts | undefined;
    return async (order) => {
      if (order.judgedAs !== undefined) ofPlain = undefined;
      else if (ofPlain) return ofPlain;
      await prepare();
      const verdicts = await this.verdicts(subject, order);
      if (order.judgedAs === undefined) ofPlain = verdicts;
      return verdicts;
    };
  }

  private async verdicts(subject: Subject, order: RealOrder): Promise<Verdicts> {
    const { verdict } = await this.check(subject, order);
    const { verdict: deep } = await this.check(subject, order, '--deep');
    return { verdict, deep };
  }

  private async carryOut(subject: Subject, order: RealOrder): Promise<Really> {
    const { vm, index, kind } = subject;
    const failure = await order.run(this.stage, vm, index, kind);
    if (failure !== undefined)
      return order === dump && failure.includes('unsupported flags') ? notOffered : 'fails';
    if (order !== snapshot) return 'succeeds';
    const { verdict, deep } = await this.verdicts(subject, migrate);
    const next = await migrate.run(this.stage, vm, index, kind);
    if (next === undefined) return 'succeeds';
    expect([verdict, deep]).not.toContain('safe');
    return 'succeeds, but the next live migration fails';
  }
}

const ordersFor = ({ format }: DiskKind, all: readonly RealOrder[]): readonly RealOrder[] =>
  all.filter((order) => order.format === undefined || order.format === format);

const mostOrders = [dump, save, migrate, snapshot, commit];

/** Plain orders make no difference between a device and a file. */
export const allOrders = ({ type }: DiskKind): readonly RealOrder[] =>
  type === 'block' ? [...plainOrders, ...mostOrders, memorySnapshot, pull, copy] : [...mostOrders, copy];
