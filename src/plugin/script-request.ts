import { failureOf, type Failure } from '../core/errors';
import type { Order } from '../core/order';
import type { TmScript } from '../opennebula/model/tm-script-calls';
import { message } from '../messages';

/** What a datastore driver, or another script of OpenNebula, asks of a TM script of ours. */
export interface ScriptRequest {
  readonly source: string;
  readonly destination?: string;
  readonly vmId: string;
  /** The VM's directory in the other datastore, where it moves to one of its host. */
  readonly diskTarget?: string;
  /** What must not fail; a migration to the destination, if it is missing. */
  readonly orders?: readonly Order[];
}

/** A script of OpenNebula that asks before its order: the order, and where in its arguments host and VM stand. */
interface Asker {
  readonly orders: (args: readonly string[]) => readonly Order[];
  readonly source: (args: readonly string[]) => string | undefined;
  readonly vmId: number;
}

/** tm_mad/one_tm.rb: HOST:PATH_OF_DISK SNAPSHOT_ID VM_ID DATASTORE_ID. */
const ofDisk = { source: ([disk]: readonly string[]) => disk?.split(':')[0], vmId: 2 } as const;
/** vmm_mad/exec/one_vmm_exec.rb: DEPLOY_ID DESTINATION_OR_FILE SOURCE VM_ID. */
const ofVm = { source: ([, , host]: readonly string[]) => host, vmId: 3 } as const;

/**
 * OpenNebula 7 moves a VM to another datastore of its host with that host as the destination (vmm_mad/exec/
 * one_vmm_exec.rb, migrate; vmm_mad/remotes/kvm/migrate).
 */
const storageMove: readonly Order[] = ['storage-move'];

const askers: Readonly<Record<string, Asker>> = {
  snap_create_live: { orders: () => ['snapshot'], ...ofDisk },
  snap_delete: { orders: () => ['commit'], ...ofDisk },
  migrate: {
    orders: ([, destination, source]) => (destination === source ? storageMove : ['migrate']),
    ...ofVm,
  },
  save: { orders: () => ['save'], ...ofVm },
};

export function readScriptArguments(
  name: TmScript | 'precheck',
  args: readonly string[],
): ScriptRequest | Failure {
  return name === 'precheck' ? readPrecheck(args) : readMigration(args);
}

/**
 * SOURCE DESTINATION VM_DIRECTORY VM_ID DATASTORE_ID, as premigrate and failmigrate of every datastore driver get them;
 * StorPool's scripts add a template.
 */
function readMigration(args: readonly string[]): ScriptRequest | Failure {
  const [source, destination, directory, vmId] = args;
  if (source === undefined || destination === undefined || directory === undefined || vmId === undefined) {
    return failureOf('usage', message('tm-arguments', { count: args.length }));
  }
  // The directory is that of the new record already (TransferManager.cc, migrate_transfer_command: get_system_dir).
  const isStorageMove = source === destination;
  return {
    ...{ source, destination, vmId },
    ...(isStorageMove ? { orders: storageMove, diskTarget: directory } : {}),
  };
}

/** ACTION, then the arguments of the script that asks. */
function readPrecheck([action = '', ...args]: readonly string[]): ScriptRequest | Failure {
  const asker = Object.hasOwn(askers, action) ? askers[action] : undefined;
  const [source, vmId] = [asker?.source(args), asker && args[asker.vmId]];
  if (!asker || source === undefined || vmId === undefined)
    return failureOf('usage', message('precheck-arguments', { actions: Object.keys(askers).join(', ') }));
  return { source, vmId, orders: asker.orders(args) };
}
