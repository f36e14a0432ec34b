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

/** A moment of events, in oned's seconds. */
export const now = 1709630042;

const askedFile = '/var/tmp/onevm-asked';

/** In the place of OpenNebula's: it shows what a file holds, and writes down what it is asked to do with a VM. */
const onevm = `#!/bin/sh
[ "$1" != update ] || exit 0
echo "$(id -un) $*" >>${askedFile}
case "$1 $2" in
  'list -x') exec cat /var/tmp/vms.xml ;;
  'show -x') cat "/var/tmp/vm-$3.xml" 2>/dev/null && exit 0
      echo "[one.vm.info] Error getting virtual machine [$3]." >&2; exit 255 ;;
esac
`;

/** What the commands over the fleet print with --json; which of it depends on the command. */
export interface FleetDocument {
  readonly hosts: readonly FleetHost[];
  readonly domains: readonly (AffectedDomain & RolloutResult)[];
  readonly notBegun: readonly string[];
  readonly others: readonly FleetDomain[];
}

/** What OpenNebula's hook manager and its monitoring do at our scripts, on a front-end with an onevm. */
export class HookStage {
  readonly opennebula = new OpenNebulaStage();

  async start(): Promise<void> {
    await this.opennebula.start();
    put(this.opennebula.front, '/usr/bin/onevm', onevm, 0o755);
    put(this.opennebula.front, '/usr/bin/onehost', '#!/bin/sh\nexec cat /var/tmp/hosts.xml\n', 0o755);
  }

  /** What oned knows of the VM from now on. @returns what it hands to the hooks */
  oned(options: VmXmlOptions & { readonly id: number }): string {
    const { id, state = 3, lcmState = 3 } = options;
    // What the VM was before stands only in the event (VirtualMachinePool::update).
    const shown = vmXml({ ...options, prevState: state, prevLcmState: lcmState });
    put(this.opennebula.front, `/var/tmp/vm-${id}.xml`, shown, 0o644);
    return vmXml(options);
  }

  /** Where oned says from now on that these VMs run; its hosts are the two that there are. */
  runs(...domains: readonly Domain[]): void {
    this.records(...domains.map(({ vmId, host }) => ({ id: vmId, name: `vm${vmId}`, host: host.name })));
  }

  /** What oned has of its VMs from now on, wherever they are. */
  records(...vms: readonly CloudVm[]): void {
    const cloud = { hosts: [{ name: 'kvm1' }, { name: 'kvm2' }], vms };
    put(this.opennebula.front, '/var/tmp/vms.xml', vmPoolXml(cloud), 0o644);
    put(this.opennebula.front, '/var/tmp/hosts.xml', hostPoolXml(cloud), 0o644);
  }

  /** An admin's command on the front-end, with its JSON document. */
  async command(...words: readonly string[]): Promise<{ exit: number | null; reported: FleetDocument }> {
    const program = '/usr/lib/migrate-guard/migrate-guard';
    const ran = await this.opennebula.front.run([program, ...words, '--json'], { deadline: 120_000 });
    expect(ran.stderr).toBe('');
    return { exit: ran.exit, reported: JSON.parse(ran.stdout) as FleetDocument };
  }

  /** A live migration to kvm2 has failed. */
  failed(id: number): string {
    return this.oned({ id, history: new History().begin('kvm2', now - 9).revert(now).records });
  }

  /** As opennebula-hem does (onehem-server.rb), with ARGUMENTS_STDIN. */
  hook(name: string, event: string): Promise<CommandResult> {
    return this.hookProgram(name, [], Buffer.from(event).toString('base64'));
  }

  hookProgram(name: string, args: readonly string[], input = ''): Promise<CommandResult> {
    const program = `/var/lib/one/remotes/hooks/migrate-guard/${name}`;
    const options = { as: 'oneadmin', cwd: '/', input, deadline: 60_000 } as const;
    return this.opennebula.front.run([program, ...args], options);
  }

  /** `migrate-guard hook test …` on the front-end. */
  hookTest(as: 'root' | 'oneadmin', ...words: readonly string[]): Promise<CommandResult> {
    const program = '/usr/lib/migrate-guard/migrate-guard';
    return this.opennebula.front.run([program, 'hook', 'test', ...words], { as, deadline: 60_000 });
  }

  /** What onevm was asked to do since the last time. */
  asked(): string[] {
    const file = this.opennebula.front.path(askedFile);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    // Emptied, not removed: it stays its writer's.
    writeFileSync(file, '');
    return lines;
  }

  /** As monitord-client.rb does. @returns what monitord would make of it */
  async probe(host: Host): Promise<ReturnType<typeof readMonitoring>> {
    const program = '/var/tmp/one/im/kvm-probes.d/vm/monitor/migrate-guard';
    const input = '<MONITORD><HOST_ID>1</HOST_ID></MONITORD>';
    const { exit, stdout, stderr } = await host.run([program, 'kvm'], { as: 'oneadmin', cwd: '/', input });
    expect([exit, stderr]).toEqual([0, '']);
    return readMonitoring(stdout);
  }

  /** What the probe tells of one VM now. */
  async probed({ host, vmId }: Domain): Promise<Record<string, string>> {
    const asked = Math.floor(Date.now() / 1000) * 1000;
    const attributes = Object.fromEntries((await this.probe(host)).get(vmId) ?? []);
    const { MIGRATE_GUARD_TIME: time, ...rest } = attributes;
    expect(Date.parse(time ?? '')).toBeGreaterThanOrEqual(asked);
    expect(Date.parse(time ?? '')).toBeLessThanOrEqual(Date.now());
    return rest;
  }
}
