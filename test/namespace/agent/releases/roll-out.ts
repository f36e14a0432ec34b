import { cpSync, existsSync } from 'node:fs';
import type { HostAction } from '../../../../src/agent-protocol/model/request';
import type { CommandResult } from '../../../../src/os/run-command';
import { hostPoolXml, vmPoolXml } from '../../../support/fake-fleet/fake-cloud';
import { History, vmXml } from '../../../support/vm-xml';
import { writeLog } from '../../faults/failed-migration';
import { furnish, furnishHostHalf } from '../../faults/workflow';
import {
  giveToQemu,
  logDirectory,
  placeDisk,
  type PlacedDisk,
  type Qemu,
  type Stage,
  type Volume,
} from '../../harness';
import { handingOverFailed, standInVirsh } from '../../harness/fake-virsh';
import type { Bundles } from './bundles';

/** The release of the front-end and of the agent. */
export interface Halves {
  readonly frontend: Bundles;
  readonly host: Bundles;
}

/** The result of an action. */
export interface Outcome {
  readonly exit: number | null;
  /** All output. */
  readonly said: string;
  /** Whether the path that was missing in QEMU's namespace exists now. */
  readonly repaired: boolean;
  /** The commands that QEMU got, and the runs of the mover, in order. */
  readonly done: readonly string[];
}

const orders = '/mnt/orders';
const remotes = '/mnt/remotes';
const environment = { PATH: `/mnt/bin:${process.env['PATH'] ?? ''}` };

/**
 * A VM whose path is missing and whose last migration has failed, with a front-end and an agent that reach each
 * other.
 */
export class RollOut {
  private constructor(
    private readonly stage: Stage,
    private readonly qemu: Qemu,
    private readonly disk: PlacedDisk,
    private readonly halves: Halves,
  ) {}

  static async start(stage: Stage, volume: Volume, halves: Halves): Promise<RollOut> {
    furnish(stage);
    furnishHostHalf(stage);
    const config = '/etc/migrate-guard/config.yaml';
    stage.host.file(config, `${stage.host.read(config)}ssh: { user: root }\n`, { mode: 0o644 });
    const disk = await placeDisk(stage, volume);
    const qemu = await stage.startQemu({ disks: [disk], prepare: (tree) => giveToQemu(tree, disk) });
    qemu.tree.remove(disk.link);
    writeLog(stage, 'one-310', true);
    const world = new RollOut(stage, qemu, disk, halves);
    world.installStandIns();
    return world;
  }

  /** Lets the front-end request an action from the agent, by the real commands. */
  async ask(action: HostAction): Promise<Outcome> {
    if (action === 'reset') this.answer(inactive);
    const { exit, stdout, stderr } = await this.asking[action]();
    const written = this.stage.host.path(orders);
    return {
      exit,
      said: stdout + stderr,
      repaired: existsSync(this.qemu.tree.path('/dev/storpool')) && this.hasLink(),
      done: existsSync(written) ? this.stage.host.read(orders).trimEnd().split('\n') : [],
    };
  }

  private readonly asking: Readonly<Record<HostAction, () => Promise<CommandResult>>> = {
    migrate: () => this.plugin('migrate-guard', ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'], action),
    save: () => this.plugin('save-guard', ['one-310', '/mnt/checkpoint', 'kvm1', '310', 'kvm1'], action),
    prepare: () => this.plugin('premigrate', ['kvm1', 'kvm2', '/mnt/310', '310', '0']),
    heal: () => this.plugin('failmigrate', ['kvm1', 'kvm2', '/mnt/310', '310', '0']),
    repair: () => this.plugin('pre-migrate', [], event),
    probe: () => this.plugin('probe', []),
    reset: () => this.command('reset', '--all', '--hosts', 'kvm1'),
    audit: () => this.command('audit', '--live', '--hosts', 'kvm1'),
    foresee: () => this.command('audit', '--before-relink', '/mnt/map', '--hosts', 'kvm1'),
    state: () => this.command('doctor', '--host', 'kvm1'),
  };

  private plugin(name: string, args: readonly string[], input = ''): Promise<CommandResult> {
    const base64 = Buffer.from(input).toString('base64');
    return this.run([`${remotes}/migrate-guard/plugin.cjs`, name, ...args], base64);
  }

  private command(...words: readonly string[]): Promise<CommandResult> {
    return this.run([`${this.halves.frontend.directory}/migrate-guard.cjs`, ...words, '--json'], '');
  }

  private run(argv: readonly string[], input: string): Promise<CommandResult> {
    return this.stage.runOther(argv, { env: environment, input });
  }

  private hasLink(): boolean {
    return this.qemu.tree.inside('sh', '-c', `readlink ${this.disk.link} || :`).trim() !== '';
  }

  /** Sets what virsh does before it answers. */
  private answer(before: string): void {
    const noted = `case "$*" in *'"cont"'*) echo cont >>${orders} ;; *list*uuid*) return 0 ;; esac`;
    const text = standInVirsh({
      move: 'exit 1',
      before: `migration='"status":"failed"'; ${noted}\n${before}`,
    });
    this.stage.host.file('/mnt/bin/virsh', text, { mode: 0o755 });
  }

  /** ssh and sudo run the agent on this machine; virsh answers as after a failed migration. */
  private installStandIns(): void {
    const { stage, disk } = this;
    const { frontend, host } = this.halves;
    const program = (path: string, text: string): void =>
      stage.host.file(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    program('/mnt/bin/ssh', 'for command; do :; done; exec bash -c "$command"');
    program('/mnt/bin/sudo', `exec ${process.execPath} ${host.directory}/migrate-guard.cjs host`);
    this.answer('');
    program(`${remotes}/vmm/kvm/save`, `cat >/dev/null; echo save >>${orders}`);
    // The first attempt fails as if a path had broken during the move.
    const fails = `mkdir /mnt/failed 2>/dev/null && { echo '${handingOverFailed}' >>${logDirectory}/one-310.log; exit 1; }`;
    program(`${remotes}/vmm/kvm/migrate`, `cat >/dev/null; echo migrate >>${orders}\n${fails}\nexit 0`);
    stage.host.directory(`${remotes}/migrate-guard`);
    cpSync(`${frontend.directory}/plugin.cjs`, stage.host.path(`${remotes}/migrate-guard/plugin.cjs`));
    const cloud = { hosts: [{ name: 'kvm1' }], vms: [{ id: 310, name: 'web', host: 'kvm1' }] };
    stage.host.file('/mnt/hosts.xml', hostPoolXml(cloud));
    stage.host.file('/mnt/vms.xml', vmPoolXml(cloud));
    stage.host.file('/mnt/vm.xml', vmXml({ id: 310, history: new History().records }));
    program('/mnt/bin/onehost', 'exec cat /mnt/hosts.xml');
    program('/mnt/bin/onevm', 'case $1 in list) exec cat /mnt/vms.xml ;; *) exec cat /mnt/vm.xml ;; esac');
    stage.host.file('/mnt/map', `${disk.path} ${disk.node}\n`);
  }
}

/** QEMU 10 reports by itself that its disk is inactive, until the disk is activated. */
const inactive = `case "$*" in
  *blockdev-set-active*) echo set-active >>${orders}; echo '{"return":{}}'; return 0 ;;
  *query-named-block-nodes*)
    grep -qs set-active ${orders} && active=true || active=false
    echo '{"return":[{"node-name":"libvirt-1-format","active":'$active'}]}'; return 0 ;;
esac`;

const action = '<VMM_DRIVER_ACTION_DATA/>';
/** A live migration is in progress. */
const event = vmXml({
  id: 310,
  lcmState: 4,
  prevLcmState: 3,
  history: new History().begin('kvm2', 1_700_000_000).records,
});
