import type { CommandResult } from '../../../src/os/run-command';
import type { Domain } from '../harness';

// OpenNebula's own part in a migration: its scripts, what its drivers are given, and what it makes of what they say.

/** What OpenNebula's stock scripts do that matters here, as short as it can be; see its vmm/kvm/migrate and save. */
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

/** How oned would see what a driver did. */
export interface DriverResult {
  readonly exit: number | null;
  /** What oned writes into the VM's ERROR attribute. */
  readonly reply: string;
  /** The lines of vm.log. */
  readonly log: readonly string[];
  readonly ran: CommandResult;
}

/** The XML that oned makes for an action; the parts that matter here. */
export function actionData(
  domain: Domain,
  destination: string,
  shared: 'YES' | 'NO' = 'YES',
  userTemplate: Readonly<Record<string, string>> = {},
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
    `<DISK_TARGET_PATH>/var/lib/one//datastores/0/${id}</DISK_TARGET_PATH></VMM_DRIVER_ACTION_DATA>`,
  ].join('');
}

/** What get_error_message of CommandManager.rb makes of a driver's stderr, and log of DriverExecHelper.rb. */
export function seen(ran: CommandResult, rules: '6.6' | '7.0'): DriverResult {
  const lines = ran.stderr.split('\n').filter((line) => line !== '');
  const kept = lines.filter((line) => !/^(ERROR|INFO|WARN|DEBUG):/.test(line));
  const reply = rules === '6.6' ? ran.stderr.replaceAll('\n', ' ').trim() : kept.join('');
  return { exit: ran.exit, reply, log: lines, ran };
}

export function vmIdOf({ name }: Domain): string {
  return name.replace('one-', '');
}
