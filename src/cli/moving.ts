import { parseJobInfo } from '../core/job-info';
import type { Domain } from '../core/domain';
import { VirshSession } from '../system/virsh-session';
import type { Moving } from '../workflows/guard';
import { Progress } from './progress';

const interval = 1000;
const deadline = 5000;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * While a mover runs: shows how far it is on a terminal, and turns Ctrl-C into an order to libvirt to end its
 * job, after which the mover ends by itself and the VM runs on where it was.
 */
export function moving(domain: Domain): Moving {
  const progress = new Progress();
  const session = VirshSession.local();
  let aborted = false;
  const abort = (signal: string): void => {
    aborted = true;
    process.stderr.write(`\n${signal}: asking libvirt to end the job of ${domain.name}\n`);
    // A session of its own: the other may be in the middle of a question.
    const other = VirshSession.local();
    void other.ask(`domjobabort --domain ${domain.uuid}`, deadline).finally(() => other.end());
  };
  for (const signal of signals) process.on(signal, abort);
  let asking = false;
  const show = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    const answer = await session.ask(`domjobinfo --domain ${domain.uuid}`, deadline);
    asking = false;
    const job = typeof answer === 'string' ? parseJobInfo(answer) : undefined;
    if (job)
      progress.show(`${domain.name}: ${job.percent} %${job.rate === undefined ? '' : `, ${job.rate}`}`);
  };
  const timer = process.stderr.isTTY ? setInterval(() => void show(), interval) : undefined;
  return {
    aborted: () => aborted,
    end: () => {
      clearInterval(timer);
      session.end();
      progress.end();
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
