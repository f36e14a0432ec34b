import type { MessageRow } from './message';

/** Audits and rollouts of a repair (src/fleet). */
export const fleet = {
  'two-copies-run': {
    text: 'two copies of it run, on {hosts}, and write to the same disks; OpenNebula has it {recorded}',
    short: 'two copies of it run on the same disks: stop one of them now',
    remedy:
      'find out which one serves its users, and on the other host: virsh destroy {domain}; until then do not resume, migrate or recover it, see docs/runbook.md',
    cause: 'it was started again, by hand or by the hook of a failed host, while its first QEMU still ran',
  },
  'second-copy': {
    text: 'it has a QEMU on each of {hosts}, not all of which run; OpenNebula has it {recorded}',
    short: 'a second QEMU of it is on another host: do not resume that',
    remedy:
      'on the host whose QEMU does not run: virsh destroy {domain}; until then do not resume, migrate or recover it',
    cause: 'a failed migration left its copy on the destination, or its paused QEMU on the source',
  },
  'runs-elsewhere-not-recorded': {
    text: '{runs} on {host}, OpenNebula has it {recorded}: do not resume',
    short: 'runs on another host than OpenNebula has it: do not resume',
    remedy:
      'on {host}: migrate-guard migrate {domain} {place}, and OpenNebula finds it there within minutes; or shut its guest down on {host}, then onevm resume',
    cause:
      'a migration arrived that OpenNebula takes for failed, or the VM was moved by hand; `onevm resume` would start a second copy on the same disks',
  },
  'runs-elsewhere': {
    text: '{runs} on {host}, OpenNebula has it {recorded}: do not recover it',
    short: 'runs on another host than OpenNebula has it: do not recover it',
    remedy: 'on {host}: migrate-guard migrate {domain} {place}',
    cause: 'as above; OpenNebula will take it for powered off or unknown within minutes',
  },
  'runs-though-off': {
    text: '{runs} on {host}, OpenNebula has it {recorded}: do not resume or migrate it',
    short: 'runs, although OpenNebula has it off: do not resume or migrate it',
    remedy:
      'if it runs, OpenNebula sets it to RUNNING within minutes, unless it hears nothing of the host: onehost show {host}; if it is paused, on {host}: virsh resume {domain}',
    cause:
      'it was started by hand, or monitoring is late; a cold migration would move the disks of a running VM',
  },
  'runs-though-stored': {
    text: '{runs} on {host}, OpenNebula has it {recorded}: do not resume',
    short: 'runs, although OpenNebula has it off: do not resume',
    remedy:
      'on {host}: virsh shutdown {domain}; what it wrote since is only on the disks that are in use there',
    cause: 'its QEMU outlived a stop, an undeploy or a failed action, or was started by hand',
  },
  'not-listed': {
    text: '{runs} on {host}, but OpenNebula lists no VM {id}',
    remedy:
      'onevm show {id}: where it is DONE, its disks may be in use by others; shut it down on {host}: virsh shutdown {domain}',
    cause:
      'its QEMU outlived `onevm terminate` or `recover --delete`, or the user of the audit may not see it',
  },
  'no-qemu': {
    text: 'OpenNebula has it {recorded}, but no QEMU of it was found, there or on another host that was asked',
    short: 'OpenNebula has it running, but no QEMU of it was found',
    remedy: 'onevm show {id}; on {place}: virsh list --all',
    cause:
      'its guest shut itself down, which OpenNebula notices within minutes; or its QEMU ended, or runs where nothing was asked',
  },
  'other-datastore': {
    text: 'OpenNebula has it on datastore {datastore}, but QEMU has its disk in {path}: do not power it off or migrate it',
    short: 'QEMU uses another datastore than OpenNebula has: no power-off',
    remedy:
      'compare {path} with the same file of datastore {datastore}: after a power-off OpenNebula starts it from there',
    cause: 'a move to another datastore succeeded in QEMU and failed in OpenNebula, or the other way round',
  },
  'found-elsewhere': {
    text: "OpenNebula's monitoring finds it on {host}, its record has it {recorded}: do not resume",
    short: 'monitoring finds it on another host than its record: do not resume',
    remedy: 'migrate-guard audit --live tells where it runs, and whether it runs twice',
    cause: 'as `runs-elsewhere`; the host’s ZOMBIES attribute names it',
  },
  'found-though-not-listed': {
    text: "OpenNebula's monitoring finds it on {host}, but lists no VM {id}",
    remedy: 'onevm show {id}; on {host}: virsh list',
    cause: 'as `not-listed`; the host’s ZOMBIES attribute names it',
  },
  'not-asked-again': {
    text: '{reason}; so it was before the hosts were asked, and OpenNebula does not answer again: {why}',
    short: '{reason}',
    cause: 'OpenNebula stopped answering during the audit, so the VM may just have been moved',
  },
  'recorded-on': { text: '{state} on {place}' },
  'recorded-nowhere': { text: 'not in its list' },
  'it-runs': { text: 'runs' },
  'it-is-paused': { text: 'has a QEMU that does not run' },
  'opennebula-not-asked': {
    text: 'OpenNebula does not list its hosts and VMs: {why}',
    remedy: 'run this on the front-end, as root or {user}, or name hosts: --hosts',
  },
  'neither-listed': { text: 'neither hosts nor VMs can be listed: {why}' },
  'hosts-not-listed': { text: 'the hosts cannot be listed: {why}' },
  'vms-not-listed': { text: 'the VMs cannot be listed: {why}' },
  'cluster-unknown': {
    text: 'which hosts are in {cluster} cannot be determined: {why}',
    remedy: 'name hosts: --hosts',
  },
  'not-in-opennebula': { text: 'OpenNebula has no KVM {kind} {name}' },
  'see-list': { text: 'see one{kind} list' },
  'did-you-mean': { text: 'did you mean {close}?' },
  'host-not-asked': {
    text: '{host} cannot be asked: {why}',
    short: 'its host cannot be asked: {why}',
    remedy: 'migrate-guard doctor --host {host}; as {user}: ssh {host}',
    cause: 'ssh, sudo or the agent of that host does not work',
  },
  'host-says': { text: '{host}: {reason}' },
  'doctor-of-host': { text: 'migrate-guard doctor --host {host}' },
  'host-silent': {
    text: '{host}: its probe has reported none of its VMs for {age}, or nothing that can be read',
    remedy: 'migrate-guard doctor --host {host}',
    cause: 'the probe of migrate-guard does not run there, or monitord does not hear of the host',
  },
  'monitoring-not-read': {
    text: "the VMs' MONITORING cannot be read: {why}",
    cause: 'oned does not answer, or refuses the credentials; --live does not need it',
  },
  'oned-refuses': { text: '{from} refuses: {reason}' },
  'not-oned': { text: '{from} does not answer as oned does: {error}' },
  'never-reported': {
    text: 'the probe on {host} has never reported it',
    short: 'the probe has never reported it',
    remedy: 'migrate-guard doctor --host {host}',
    cause: 'the VM has just been started, or the probe is not installed on that host',
  },
  'report-not-understood': {
    text: 'the report of the probe on {host} cannot be read',
    short: 'the report of the probe cannot be read',
    remedy: 'migrate-guard doctor --host {host}',
    cause: 'another release of migrate-guard is on that host',
  },
  'report-from-future': {
    text: 'the report of the probe on {host} is from {age} in the future: its clock differs from the one here',
    short: "the probe's report is {age} in the future",
    remedy: 'set the clocks of {host} and of this machine',
  },
  'report-too-old': {
    text: 'the report of the probe on {host} is too old: {verdict}, {age} ago',
    short: "the probe's report is too old: {verdict}",
    remedy: 'migrate-guard doctor --host {host}',
    cause: 'the probe or the host does not run any more, or monitord does not hear of it',
  },
  'no-reason-reported': { text: 'the probe reports {verdict}, without a reason' },
  'on-host': { text: 'on {host}: {order}' },
  'explain-domain': { text: 'migrate-guard explain {domain}' },
  'check-deep': { text: 'migrate-guard check {domain} --deep' },
  'except-unknown': {
    text: '--except {word} names no VM of these hosts',
    remedy: 'name it by its id, its domain or its name',
  },
  'with-hint': { text: '{order}: {hint}' },
  'see-record-of-vm': { text: 'See where OpenNebula has a VM' },
  'give-disks-back': { text: 'Give QEMU its disks back' },
  'make-missing-links': { text: 'Make the links that are missing' },
  'see-why-blocked': { text: 'See why a VM is blocked' },
  'not-json': { text: 'it is not JSON: {error}' },
  'no-domains': { text: 'it has no list "domains"' },
  'not-a-vm-of-an-audit': { text: 'domains[{index}] is not a VM of an audit' },
  'some-verdicts-only': { text: 'it lists the VMs of some verdicts only (--verdict)' },
} as const satisfies Readonly<Record<string, MessageRow>>;
