import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import type { FleetDomain, FleetHost } from '../../../src/fleet/model/fleet';
import type { AffectedDomain } from '../../../src/fleet/relink-forecast';
import type { RolloutResult } from '../../../src/fleet/rollout';
import { hostPoolXml, vmPoolXml, type CloudVm } from '../../support/fake-fleet/fake-cloud';
import { readMonitoring } from '../../support/monitord';
import { History, vmXml, type VmXmlOptions } from '../../support/vm-xml';
import type { Domain, Host } from '../harness';
import { put } from './install-in-lab';
import { OpenNebulaStage } from './opennebula-stage';

/** The time of the events, in oned's seconds. */
export const now = 1709630042;

const askedFile = '/var/tmp/onevm-asked';

/** Replaces OpenNebula's command: it prints a file, and records the requests for a VM. */
const onevm = `#!/bin/sh
[ "$1" != update ] || exit 0
echo "$(id -un) $*" >>${askedFile}
case "$1 $2" in
  'list -x') exec cat /var/tmp/vms.xml ;;
  'show -x') cat "/var/tmp/vm-$3.xml" 2>/dev/null && exit 0
      echo "[one.vm.info] Error getting virtual machine [$3]." >&2; exit 255 ;;
esac
`;

/** The --json documents of the commands over the fleet; each command prints some of these fields. */
export interface FleetDocument {
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly (AffectedDomain & RolloutResult)[];
  readonly notBegun: readonly string[];
  readonly others: readonly FleetDomain[];
}

/** Runs our scripts as OpenNebula's hook manager and its monitoring do, on a front-end with an onevm. */
export class HookStage {
  readonly opennebula = new OpenNebulaStage();

  async start(): Promise<void> {
    await this.opennebula.start();
    put(this.opennebula.front, '/usr/bin/onevm', onevm, 0o755);
    put(this.opennebula.front, '/usr/bin/onehost', '#!/bin/sh\nexec cat /var/tmp/hosts.xml\n', 0o755);
  }

  /**
   * Sets oned's data of the VM.
   * @returns the event that it passes to the hooks
   */
  oned(options: VmXmlOptions & { readonly id: number }): string {
    const { id, state = 3, lcmState = 3 } = options;
    // Only the event contains the VM's previous state (VirtualMachinePool::update).
    const shown = vmXml({ ...options, prevState: state, prevLcmState: lcmState });
    put(this.opennebula.front, `/var/tmp/vm-${id}.xml`, shown, 0o644);
    return vmXml(options);
  }

  /** Sets the hosts on which oned assumes these VMs; there are two hosts. */
  runs(...domains: readonly Domain[]): void {
    this.records(...domains.map(({ vmId, host }) => ({ id: vmId, name: `vm${vmId}`, host: host.name })));
  }

  /** Sets oned's record of its VMs, wherever they run. */
  records(...vms: readonly CloudVm[]): void {
    const cloud = { hosts: [{ name: 'kvm1' }, { name: 'kvm2' }], vms };
    put(this.opennebula.front, '/var/tmp/vms.xml', vmPoolXml(cloud), 0o644);
    put(this.opennebula.front, '/var/tmp/hosts.xml', hostPoolXml(cloud), 0o644);
  }

  /** Runs an admin's command on the front-end, and returns its JSON document. */
  async command(...words: readonly string[]): Promise<{ exit: number | null; reported: FleetDocument }> {
    const program = '/usr/lib/migrate-guard/migrate-guard';
    const ran = await this.opennebula.front.run([program, ...words, '--json'], { deadline: 120_000 });
    expect(ran.stderr).toBe('');
    return { exit: ran.exit, reported: JSON.parse(ran.stdout) as FleetDocument };
  }

  /**
   * Records a failed live migration to kvm2.
   * @returns the event
   */
  failed(id: number): string {
    return this.oned({ id, history: new History().begin('kvm2', now - 9).revert(now).records });
  }

  /** Runs a hook as opennebula-hem does (onehem-server.rb), with ARGUMENTS_STDIN. */
  hook(name: string, event: string): Promise<CommandResult> {
    return this.hookProgram(name, [], Buffer.from(event).toString('base64'));
  }

  hookProgram(name: string, args: readonly string[], input = ''): Promise<CommandResult> {
    const program = `/var/lib/one/remotes/hooks/migrate-guard/${name}`;
    const options = { as: 'oneadmin', cwd: '/', input, deadline: 60_000 } as const;
    return this.opennebula.front.run([program, ...args], options);
  }

  /** Runs `migrate-guard hook test …` on the front-end. */
  hookTest(as: 'root' | 'oneadmin', ...words: readonly string[]): Promise<CommandResult> {
    const program = '/usr/lib/migrate-guard/migrate-guard';
    return this.opennebula.front.run([program, 'hook', 'test', ...words], { as, deadline: 60_000 });
  }

  /** The requests that onevm got since the last call. */
  asked(): string[] {
    const file = this.opennebula.front.path(askedFile);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    // The file is emptied, not removed, so that its owner stays the same.
    writeFileSync(file, '');
    return lines;
  }

  /**
   * Runs the probe as monitord-client.rb does.
   * @returns what monitord reads from its output
   */
  async probe(host: Host): Promise<ReturnType<typeof readMonitoring>> {
    const program = '/var/tmp/one/im/kvm-probes.d/vm/monitor/migrate-guard';
    const input = '<MONITORD><HOST_ID>1</HOST_ID></MONITORD>';
    const { exit, stdout, stderr } = await host.run([program, 'kvm'], { as: 'oneadmin', cwd: '/', input });
    expect([exit, stderr]).toEqual([0, '']);
    return readMonitoring(stdout);
  }

  /** The probe's current report of one VM. */
  async probed({ host, vmId }: Domain): Promise<Record<string, string>> {
    const asked = Math.floor(Date.now() / 1000) * 1000;
    const attributes = Object.fromEntries((await this.probe(host)).get(vmId) ?? []);
    const { MIGRATE_GUARD_TIME: time, ...rest } = attributes;
    expect(Date.parse(time ?? '')).toBeGreaterThanOrEqual(asked);
    expect(Date.parse(time ?? '')).toBeLessThanOrEqual(Date.now());
    return rest;
  }
}
