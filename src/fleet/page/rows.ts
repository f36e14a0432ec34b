import { ageOf, worstFirst, type FleetDomain, type FleetReport } from '../model/fleet';

/** A VM of the page. */
export interface TableRow {
  readonly vm: FleetDomain;
  /** Of the element that tells about it: a number, since its names may hold anything. */
  readonly id: string;
  /** Seconds before the audit at which it was looked at; `null` when it never was. */
  readonly age: number | null;
}

/** Worst first. */
export function rowsOf({ domains, time }: FleetReport): TableRow[] {
  const now = new Date(time);
  return worstFirst(domains).map((vm, index) => ({ vm, id: `vm-${index + 1}`, age: ageOf(vm, now) }));
}
