import type { Order } from '../../src/core/order';
import { Domain } from '../lab/harness';
import type { ReleaseStage } from './release-stage';
import type { DiskKind, Vm } from './disk-kinds';

/** An order of libvirt, carried out for real. */
export interface RealOrder {
  readonly name: string;
  /** What `check --for` calls it; without one, no verdict is about it. */
  readonly judgedAs?: Order;
  /** The only format of disks that libvirt has it for. */
  readonly format?: 'qcow2';
  /** @returns the error; undefined if the order succeeded and the guest counts */
  run(stage: ReleaseStage, vm: Vm, index: number, kind: DiskKind): Promise<string | undefined>;
}

const directory = '/var/lib/one/datastores/0';

export async function virsh({ host }: Domain, ...words: readonly string[]): Promise<string | undefined> {
  const { exit, stderr, stdout } = await host.run(['virsh', '--connect', 'qemu:///system', ...words]);
  return exit === 0 ? undefined : (stderr.trim() || stdout.trim()).replaceAll('\n', ' ');
}

/** The same VM as another process: after a move, or a restore. */
const again = ({ name, uuid, vmId, disks }: Domain, host: Domain['host']): Domain =>
  new Domain(host, name, uuid, vmId, disks);

export async function createImage(
  domain: Domain,
  file: string,
  ...options: readonly string[]
): Promise<void> {
  await domain.host.succeed(['qemu-img', 'create', '-q', ...options, file, '1M'], { as: 'oneadmin' });
}

/** The file that the guest uses after a snapshot, made beforehand: libvirt would leave it to root. */
async function createOverlay(domain: Domain, index: number, name: string, format: string): Promise<string> {
  const file = `${directory}/${domain.vmId}/${name}`;
  await createImage(domain, file, '-f', 'qcow2', '-u', '-b', domain.disks[index]?.path ?? '', '-F', format);
  return file;
}

export const targetOf = (domain: Domain, index: number): string => domain.disks[index]?.target ?? '';

/** Options of a snapshot of that disk alone. */
async function diskSpecs(domain: Domain, index: number, name: string, format: string): Promise<string[]> {
  const file = await createOverlay(domain, index, name, format);
  return domain.disks.flatMap(({ target }, each) => [
    '--diskspec',
    each === index ? `${target},snapshot=external,file=${file}` : `${target},snapshot=no`,
  ]);
}

export const migrate: RealOrder = {
  name: 'live migration',
  judgedAs: 'migrate',
  async run({ lab }, vm) {
    const to = lab.hosts.find((host) => host !== vm.domain.host);
    const { exit, stderr } = await lab.migrate(vm.domain, to?.name ?? '', ['--unsafe']);
    if (exit === 0 && to !== undefined) vm.domain = again(vm.domain, to);
    await vm.domain.expectCounting();
    return exit === 0 ? undefined : stderr.trim();
  },
};

export const save: RealOrder = {
  name: 'save',
  judgedAs: 'save',
  async run(_, vm) {
    const file = `${directory}/${vm.domain.vmId}/saved`;
    const failure = await virsh(vm.domain, 'save', vm.domain.name, file);
    if (failure === undefined) {
      await vm.domain.host.virsh('restore', file);
      vm.domain = again(vm.domain, vm.domain.host);
    }
    await vm.domain.expectCounting();
    return failure;
  },
};

export const dump: RealOrder = {
  name: 'dump --live',
  judgedAs: 'save',
  async run(_, { domain }) {
    const file = `${directory}/${domain.vmId}/dumped`;
    const failure = await virsh(domain, 'dump', '--live', domain.name, file);
    domain.host.remove(file);
    await domain.expectCounting();
    return failure;
  },
};

export const snapshot: RealOrder = {
  name: 'snapshot --disk-only',
  judgedAs: 'snapshot',
  async run(_, { domain }, index, { format }) {
    const specs = await diskSpecs(domain, index, 'snapshot', format);
    const options = ['--disk-only', '--no-metadata', '--reuse-external'];
    const failure = await virsh(domain, 'snapshot-create-as', domain.name, 'snapshot', ...options, ...specs);
    await domain.expectCounting();
    return failure;
  },
};

export const memorySnapshot: RealOrder = {
  name: 'snapshot --memspec',
  judgedAs: 'snapshot',
  async run(_, { domain }, index, { format }) {
    const specs = await diskSpecs(domain, index, 'with-memory', format);
    const memory = ['--memspec', `file=${directory}/${domain.vmId}/memory,snapshot=external`];
    const options = ['--no-metadata', '--reuse-external', '--live', ...memory];
    const failure = await virsh(domain, 'snapshot-create-as', domain.name, 'memory', ...options, ...specs);
    domain.host.remove(`${directory}/${domain.vmId}/memory`);
    await domain.expectCounting();
    return failure;
  },
};

export const copy: RealOrder = {
  name: 'blockcopy --pivot',
  judgedAs: 'storage-move',
  async run(_, { domain }, index, { format }) {
    const file = `${directory}/${domain.vmId}/copy`;
    const target = targetOf(domain, index);
    await createImage(domain, file, '-f', format);
    const options = ['--dest', file, '--format', format, '--reuse-external', '--transient-job'];
    const wait = ['--wait', '--pivot'];
    const failure = await virsh(domain, 'blockcopy', domain.name, target, ...options, ...wait);
    if (failure !== undefined) await virsh(domain, 'blockjob', domain.name, target, '--abort');
    await domain.expectCounting();
    return failure;
  },
};

export const commit: RealOrder = {
  name: 'blockcommit --active --pivot',
  judgedAs: 'commit',
  async run(_, { domain }, index) {
    const target = targetOf(domain, index);
    const options = ['--active', '--wait', '--pivot'];
    const failure = await virsh(domain, 'blockcommit', domain.name, target, ...options);
    if (failure !== undefined) await virsh(domain, 'blockjob', domain.name, target, '--abort');
    await domain.expectCounting();
    return failure;
  },
};
