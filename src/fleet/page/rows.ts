import { ageOf, worstFirst, type FleetDomain, type FleetReport } from '../model/fleet';

/** A VM of the page. */
export interface TableRow {
  readonly vm: FleetDomain;
  /** The id of the element that describes it: a number, since a name may hold any character. */
  readonly id: string;
  /** Seconds between the check of the VM and the audit; `null` when it was never checked. */
  readonly age: number | null;
}

/** The rows, worst first. */
export function rowsOf({ domains, time }: FleetReport): TableRow[] {
  const now = new Date(time);
  return worstFirst(domains).map((vm, index) => ({ vm, id: `vm-${index + 1}`, age: ageOf(vm, now) }));
}
