import type { Domain } from '../../test/lab/harness';
import { until } from '../../test/lab/harness';
import type { Story } from './story';

/**
 * Observes that the guest is alive: it counts and writes its counter to its disks, so both must have grown at each
 * look.
 */
export class Pulse {
  private memory = 0;
  private readonly disks: number[];

  constructor(private readonly domain: Domain) {
    this.disks = domain.disks.map(() => 0);
  }

  /** Waits a few seconds at most until the guest has counted and written again. */
  async feel(story: Story): Promise<void> {
    const before = this.memory;
    await until(() => this.hasGrown(), { what: 'the guest counts and writes on' });
    const written = this.domain.disks.map(({ target }, index) => `${target} ${this.disks[index] ?? 0}`);
    const since = before === 0 ? '' : ` (it was ${before})`;
    story.expect(
      this.domain.alive(),
      `the guest is alive: it counts ${this.memory}${since}, and wrote ${written.join(', ')}`,
    );
  }

  private async hasGrown(): Promise<boolean> {
    const memory = this.domain.counter();
    const disks = await Promise.all(
      this.domain.disks.map(async ({ volume }) => (await volume?.readCounter()) ?? 0),
    );
    if (memory <= this.memory || disks.some((count, index) => count <= (this.disks[index] ?? 0)))
      return false;
    this.memory = memory;
    this.disks.splice(0, disks.length, ...disks);
    return true;
  }
}
