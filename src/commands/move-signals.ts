import type { Domain } from '../hypervisor/model/domain-xml';
import type { MoveObserver } from '../move/session';
import { textOf } from '../messages';
import { Progress } from '../cli/progress';
import { printable } from '../cli/escape';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * While a mover runs: shows its progress on a terminal, and turns Ctrl-C into an order to libvirt to end its job, after
 * which the mover ends and the VM keeps running on this host.
 */
export function observeMover(domain: Domain, endJob: () => void): MoveObserver {
  const progress = new Progress();
  const name = printable(domain.name);
  let aborted = false;
  const abort = (signal: string): void => {
    aborted = true;
    process.stderr.write(`\n${textOf('cancelling', { signal, domain: name })}\n`);
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
