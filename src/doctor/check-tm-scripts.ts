import type { Element } from '../core/element';
import type { Finding } from '../core/finding';
import { isUnknown, type Unknown } from '../core/unknown';
import { message, textOf } from '../messages';
import { tmDrivers, tmScripts, type TmDriver, type TmScript } from '../opennebula/model/tm-script-calls';
import { readVmPool } from '../opennebula/model/vm-pool';
import { readDatastoreScripts } from './io/tm-script-files';
import { listInOpenNebula } from '../opennebula/one-cli';

const check = 'tm-scripts';

/** The datastore drivers of the front-end that call our scripts, and those that do not. */
export function readTmDrivers(root: string): readonly TmDriver[] | Unknown {
  const found = readDatastoreScripts(root, tmScripts);
  return isUnknown(found) ? found : tmDrivers(found.scripts, found.site);
}

export function callers(drivers: readonly TmDriver[] | Unknown): TmDriver[] {
  return isUnknown(drivers) ? [] : drivers.filter(({ calls }) => calls.length > 0);
}

/** Whether a driver has both scripts: one without the other is a mistake, or the result of an upgrade. */
export function judgeTmDrivers(drivers: readonly TmDriver[] | Unknown): Finding[] {
  if (isUnknown(drivers)) {
    const { unknown, remedy = textOf('run-on-front-end') } = drivers;
    return [{ check, state: 'unknown', what: unknown, remedy }];
  }
  const called = callers(drivers);
  const connection = called.flatMap(({ name, calls }) => missing(name, calls));
  if (connection.length > 0) return connection;
  const names = called.map(({ name }) => `tm/${name}`).join(', ');
  return [{ check, state: 'ok', ...(names === '' ? message('no-callers') : message('callers', { names })) }];
}

function missing(driver: string, calls: readonly TmScript[]): Finding[] {
  return tmScripts
    .filter((script) => !calls.includes(script))
    .map((script) => {
      const values = { driver, script, other: calls.join() };
      return { check, state: 'problem', ...message('script-without-call', values) };
    });
}

/** For `judgeUnguardedVms`. The long deadline is for pools of thousands: oned and its Ruby command line are slow. */
export function listVms(user: string): Promise<Element | Unknown> {
  return listInOpenNebula('onevm', user, 60_000);
}

/** Where only TM scripts guard: the VMs on datastores whose driver does not call ours. `vms`: `onevm list -x`. */
export function judgeUnguardedVms(drivers: readonly TmDriver[], vms: Element | Unknown): Finding[] {
  const guarded = new Set(callers(drivers).map(({ name }) => name));
  const drivenBy = isUnknown(vms) ? vms : countByDriver(vms);
  if (isUnknown(drivenBy)) {
    return [{ check, state: 'unknown', ...message('unguarded-not-known', { why: drivenBy.unknown }) }];
  }
  return [...drivenBy]
    .filter(([name]) => !guarded.has(name))
    .map(([name, count]) => {
      const others = [...guarded].map((one) => `tm/${one}`).join(', ');
      return { check, state: 'problem', ...message('driver-without-call', { name, others, count }) };
    });
}

function countByDriver(vms: Element): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { tmMad } of readVmPool(vms)) counts.set(tmMad, (counts.get(tmMad) ?? 0) + 1);
  counts.delete('');
  return counts;
}
