import { breakPath, type DiskKind, DiskMaker, type Missing, restorePath, type Vm } from './disk-kinds';
import { commit, copy, dump, migrate, plainOrders, type RealOrder, save, snapshot } from './orders';
import type { ReleaseStage } from './release-stage';
import type { OrderCell, Results } from './results';

type Really = OrderCell['really'];

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
    for (const order of orders) {
      const verdicts = await this.verdicts(subject, order);
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
    for (const order of orders) {
      await breakPath(this.stage.lab, vm, subject.index, missing);
      const verdicts = await this.verdicts(subject, order);
      const really = await this.carryOut(subject, order);
      const cell = { disks: kind.name, missing, order: order.name, ...verdicts, really };
      const repaired =
        really === 'succeeds' ? {} : { repaired: await this.afterRepair(subject, order, cell) };
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
      return 'not repairable';
    }
    expect(repair).toMatchObject({ exit: 0, verdict: 'safe' });
    expect(await this.verdicts(subject, order)).toEqual({ verdict: 'safe', deep: 'safe' });
    // A snapshot that succeeded must not be made twice.
    return (await this.carryOut(subject, really === 'fails' ? order : migrate)) === 'succeeds'
      ? 'succeeds'
      : 'fails';
  }

  private async verdicts(
    { vm: { domain } }: Subject,
    { judgedAs }: RealOrder,
  ): Promise<Pick<OrderCell, 'verdict' | 'deep'>> {
    const orders = judgedAs === undefined ? [] : ['--for', judgedAs];
    const { verdict } = await this.stage.report(domain, 'check', ...orders);
    const { verdict: deep } = await this.stage.report(domain, 'check', '--deep', ...orders);
    return { verdict, deep };
  }

  private async carryOut({ vm, index, kind }: Subject, order: RealOrder): Promise<Really> {
    const failure = await order.run(this.stage, vm, index, kind);
    if (failure !== undefined) return 'fails';
    if (order !== snapshot) return 'succeeds';
    const next = await migrate.run(this.stage, vm, index, kind);
    return next === undefined ? 'succeeds' : 'succeeds, but the next live migration fails';
  }
}

export const allOrders = [dump, save, migrate, ...plainOrders, snapshot, commit, copy];
