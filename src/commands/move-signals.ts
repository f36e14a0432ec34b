import type { Domain } from '../hypervisor/model/domain-xml';
import type { MoveObserver } from '../move/session';
import { Progress } from '../cli/progress';
import { printable } from '../cli/escape';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * While a mover runs: shows how far it is on a terminal, and turns Ctrl-C into an order to libvirt to end its
 * job, after which the mover ends and the VM runs on where it was.
 */
export function moving(domain: Domain, endJob: () => void): MoveObserver {
  const progress = new Progress();
  const name = printable(domain.name);
  let aborted = false;
  const abort = (signal: string): void => {
    aborted = true;
    process.stderr.write(`\n${signal}: asking libvirt to end the job of ${name}\n`);
    endJob();
  };
  for (const signal of signals) process.on(signal, abort);
  return {
    show: ({ percent, rate }) =>
      progress.show(`${name}: ${percent} %${rate === undefined ? '' : `, ${rate}`}`),
    aborted: () => aborted,
    end: () => {
      progress.end();
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
