import type { CommandResult } from '../../../src/os/run-command';
import type { Domain } from '../harness';
import { errorAttribute, told, type ScriptRun } from '../../support/oned';

// OpenNebula's part in a migration: its scripts, the input of its drivers, and how they read the output of scripts.

/** The relevant parts of OpenNebula's stock scripts, as short as possible; see its vmm/kvm/migrate and save. */
export const stockScripts = {
  migrate: `#!/bin/bash
cat >/var/tmp/migrate-stdin
virsh --connect qemu:///system migrate --live "$1" "qemu+ssh://$2/system"
RC=$?
if [ $RC -ne 0 ]; then
    for CLEAN_OP in destroy undefine; do
        virsh --connect "qemu+ssh://$2/system" $CLEAN_OP "$1" >/dev/null 2>&1
    done
    echo "Could not migrate $1 to $2" >&2
    exit $RC
fi
`,
  save: `#!/bin/bash
cat >/var/tmp/save-stdin
mkdir -p "$(dirname "$2")"
virsh --connect qemu:///system save "$1" "$2" || { echo "Could not save $1 to $2" >&2; exit 1; }
`,
} as const;

export const onedConf = `VM_MAD = [
    NAME           = "kvm",
    SUNSTONE_NAME  = "KVM",
    EXECUTABLE     = "one_vmm_exec",
    ARGUMENTS      = "-t 15 -r 0 kvm -p",
    DEFAULT        = "vmm_exec/vmm_exec_kvm.conf",
    TYPE           = "kvm" ]
`;

/** The result of a live migration or a save in oned, and where its admin finds it. */
export interface DriverResult {
  readonly exit: number | null;
  /** The text after MIGRATE FAILURE. */
  readonly reply: string;
  /** The VM's ERROR attribute, without its time; undefined after a success. */
  readonly error: string | undefined;
  /** The lines of vm.log that come from scripts, as `[I]: text`. */
  readonly log: readonly string[];
  /** The lines of oned.log, which are not in this VM's log. */
  readonly onedLog: readonly string[];
  /** The TM scripts that have run, by the names of datastore drivers. */
  readonly tmScripts: readonly string[];
  readonly ran: CommandResult;
}

/** oned gets the reply of the decisive script; the logs contain the lines of all. */
export function together(decisive: DriverResult, all: readonly DriverResult[]): DriverResult {
  return {
    ...decisive,
    log: all.flatMap(({ log }) => log),
    onedLog: all.flatMap(({ onedLog }) => onedLog),
    tmScripts: all.flatMap(({ tmScripts }) => tmScripts),
  };
}

/** A script that a driver of OpenNebula has run. */
export function resultOf(
  ran: CommandResult,
  run: Pick<ScriptRun, 'release' | 'vmId' | 'command' | 'by'>,
  action: 'MIGRATE' | 'SAVE',
): DriverResult {
  const { exit, stdout, stderr } = ran;
  const { info, vmLog, elsewhere } = told({ ...run, exit, stdout, stderr });
  const error = exit === 0 ? undefined : errorAttribute(action, info);
  return { exit, reply: info, error, log: vmLog, onedLog: elsewhere, tmScripts: [], ran };
}

/** The XML that oned makes for an action, as far as it matters here. */
export function actionData(
  domain: Domain,
  destination: string,
  shared: 'YES' | 'NO' = 'YES',
  userTemplate: Readonly<Record<string, string>> = {},
  datastore = 0,
): string {
  const id = vmIdOf(domain);
  const attributes = Object.entries(userTemplate).map(
    ([name, text]) => `<${name}><![CDATA[${text}]]></${name}>`,
  );
  return [
    '<VMM_DRIVER_ACTION_DATA>',
    `<HOST>${domain.host.name}</HOST><MIGR_HOST>${destination}</MIGR_HOST><DEPLOY_ID>${domain.name}</DEPLOY_ID>`,
    `<VM><ID>${id}</ID><TEMPLATE><CONTEXT><NOTE><![CDATA[a <b> & 'c' "d"]]></NOTE></CONTEXT></TEMPLATE>`,
    `<USER_TEMPLATE>${attributes.join('')}</USER_TEMPLATE></VM>`,
    `<DATASTORE><ID>0</ID><TEMPLATE><SHARED>${shared}</SHARED></TEMPLATE></DATASTORE>`,
    `<DISK_TARGET_PATH>/var/lib/one//datastores/${datastore}/${id}</DISK_TARGET_PATH></VMM_DRIVER_ACTION_DATA>`,
  ].join('');
}

export function vmIdOf({ name }: Domain): string {
  return name.replace('one-', '');
}
