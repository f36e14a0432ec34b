import type { Finding } from '../core/finding';
import { isUnknown } from '../core/unknown';
import { message } from '../messages';
import { guards, hasAnyGuard, vmMads } from '../opennebula/model/vm-mad';
import { onedConf, readOned } from './check-front-end';
import { findingOf } from './finding-of';
import { readRunningDrivers } from './io/running-drivers';
import { notInUse } from './model/drivers-in-use';

const found = findingOf('oned', onedConf);

/**
 * Whether the oned that runs here has the drivers that oned.conf selects. If oned does not run, it is not a problem here:
 * it reads the file when it starts, and the checks of hosts and hooks report that oned does not answer.
 */
export function judgeRunningOned(): Finding[] {
  const configured = vmMads(readOned() ?? '');
  const selected = configured.filter(({ args }) => hasAnyGuard(args));
  if (selected.length === 0) return [];
  const drivers = Object.values(guards).join(' and ');
  const running = readRunningDrivers();
  if (running === undefined)
    return [{ ...found('ok', message('oned-not-running', { file: onedConf, drivers })), note: true }];
  if (isUnknown(running)) return [found('unknown', running.unknown, running.remedy)];
  if (running.length === 0) return [found('unknown', message('oned-without-driver'))];
  const old = notInUse(configured, running);
  const names = (old.length > 0 ? old : selected).map(({ name }) => `"${name}"`).join(', ');
  if (old.length === 0) return [found('ok', message('oned-uses-drivers', { drivers, names }))];
  return [found('problem', message('oned-not-restarted', { file: onedConf, drivers, names }))];
}
