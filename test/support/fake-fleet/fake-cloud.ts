import { probeAttributes } from '../../../src/opennebula/model/monitoring-attributes';
import type { BlockState, Verdict } from '../../../src/core/finding';

/** The releases whose lists differ: VirtualMachine.cc, to_xml_short, and Host.cc, to_xml. */
export type Release = '6.6' | '7.0';

/** The probe's report about a VM. */
interface Said {
  readonly verdict: Verdict;
  readonly blockState: BlockState;
  readonly reason: string;
  readonly time: Date;
}

export interface CloudVm {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  readonly state?: number;
  readonly lcmState?: number;
  readonly driver?: string;
  /** The sequence number of the newest history record. */
  readonly seq?: number;
  readonly datastore?: number;
  /** Undefined if the probe never ran. */
  readonly said?: Said;
}

interface CloudHost {
  readonly name: string;
  readonly cluster?: string;
  readonly driver?: string;
  readonly state?: number;
  /**
   * VMs that run on the host and that oned does not assign to it (Host.cc, update_zombies; -1: VMs that are not
   * OpenNebula's).
   */
  readonly zombies?: readonly number[];
}

export interface Cloud {
  readonly hosts: readonly CloudHost[];
  readonly vms: readonly CloudVm[];
}

/** This many VMs on this many hosts: most are safe, and every verdict and block state occurs. */
export function makeCloud(vmCount: number, hostCount: number, now: Date): Cloud {
  const hosts = Array.from({ length: hostCount }, (_, index) => ({
    name: `kvm${index + 1}`,
    cluster: index % 2 === 0 ? 'default' : 'storage <2>',
  }));
  const vms = Array.from({ length: vmCount }, (_, index): CloudVm => {
    const host = hosts[index % hostCount]?.name ?? '';
    const said = {
      ...sayings[index % 25 < 4 ? index % 25 : 4],
      time: new Date(now.getTime() - 30_000),
    } as Said;
    return { id: index + 100, name: `vm "${index}" & <co>`, host, said };
  });
  return { hosts, vms };
}

const sayings: readonly Omit<Said, 'time'>[] = [
  {
    verdict: 'blocked',
    blockState: 'healthy',
    reason: 'vda: its path leads to another volume than QEMU holds open',
  },
  {
    verdict: 'repairable',
    blockState: 'healthy',
    reason: 'vda: its path is missing for QEMU; run migrate-guard repair',
  },
  { verdict: 'blocked', blockState: 'stuck', reason: 'disable_perm is on' },
  { verdict: 'undecided', blockState: 'unknown', reason: 'its paths were not checked in time' },
  { verdict: 'safe', blockState: 'healthy', reason: '' },
];

/**
 * `onevm list -x`: without the probe's attributes, which no list contains (VirtualMachineMonitorInfo.cc,
 * to_xml_short).
 */
export function vmPoolXml({ hosts, vms }: Cloud, release: Release = '7.0'): string {
  return ['<VM_POOL>', ...vms.flatMap((vm) => vmLines(vm, hosts, release)), '</VM_POOL>', ''].join('\n');
}

function vmLines(vm: CloudVm, hosts: readonly CloudHost[], release: Release): string[] {
  const { id, name, host, state = 3, lcmState = 3, driver = 'kvm', seq = 0, datastore = 0 } = vm;
  const cluster = hosts.findIndex((candidate) => candidate.name === host);
  return [
    '  <VM>',
    `    <ID>${id}</ID>`,
    '    <UID>0</UID>\n    <GID>0</GID>\n    <UNAME>oneadmin</UNAME>\n    <GNAME>oneadmin</GNAME>',
    `    <NAME>${escape(name)}</NAME>`,
    '    <LAST_POLL>1709630000</LAST_POLL>',
    `    <STATE>${state}</STATE>`,
    `    <LCM_STATE>${lcmState}</LCM_STATE>`,
    '    <RESCHED>0</RESCHED>\n    <STIME>1709600000</STIME>\n    <ETIME>0</ETIME>',
    `    <DEPLOY_ID>4dea22b3-1d52-4d6d-8d72-${String(id).padStart(12, '0')}</DEPLOY_ID>`,
    '    <TEMPLATE>\n      <CPU><![CDATA[1]]></CPU>\n      <MEMORY><![CDATA[2048]]></MEMORY>',
    ...(release === '7.0' ? ['      <VCPU><![CDATA[2]]></VCPU>'] : []),
    '      <DISK>\n        <DATASTORE_ID><![CDATA[1]]></DATASTORE_ID>\n      </DISK>\n    </TEMPLATE>',
    '    <MONITORING>\n      <CPU><![CDATA[0.0]]></CPU>\n      <STATE><![CDATA[a]]></STATE>\n    </MONITORING>',
    '    <USER_TEMPLATE>\n      <MIGRATE_GUARD><![CDATA[safe]]></MIGRATE_GUARD>\n    </USER_TEMPLATE>',
    '    <HISTORY_RECORDS>\n      <HISTORY>',
    `        <OID>${id}</OID>\n        <SEQ>${seq}</SEQ>\n        <HOSTNAME><![CDATA[${host}]]></HOSTNAME>`,
    `        <HID>1</HID>\n        <CID>${cluster}</CID>\n        <DS_ID>${datastore}</DS_ID>`,
    `        <VM_MAD><![CDATA[${driver}]]></VM_MAD>\n        <TM_MAD><![CDATA[storpool]]></TM_MAD>`,
    '        <ACTION>0</ACTION>\n      </HISTORY>\n    </HISTORY_RECORDS>',
    '  </VM>',
  ];
}

/** `onehost list -x`. */
export function hostPoolXml({ hosts }: Cloud, release: Release = '7.0'): string {
  const clusters = [...new Set(hosts.map(({ cluster }) => cluster ?? 'default'))];
  const lines = hosts.flatMap(
    ({ name, cluster = 'default', driver = 'kvm', state = 2, zombies = [] }, index) => [
      `  <HOST>\n    <ID>${index}</ID>\n    <NAME>${name}</NAME>\n    <STATE>${state}</STATE>`,
      `    <IM_MAD><![CDATA[${driver}]]></IM_MAD>\n    <VM_MAD><![CDATA[${driver}]]></VM_MAD>`,
      `    <CLUSTER_ID>${clusters.indexOf(cluster) + 100}</CLUSTER_ID>\n    <CLUSTER>${escape(cluster)}</CLUSTER>`,
      `    <VMS/>\n    ${templateOf(zombies)}\n    <MONITORING/>`,
      ...(release === '7.0' ? ['    <CLUSTER_TEMPLATE>\n    </CLUSTER_TEMPLATE>'] : []),
      '  </HOST>',
    ],
  );
  return ['<HOST_POOL>', ...lines, '</HOST_POOL>', ''].join('\n');
}

/** Attributes in the form of Template::to_xml. */
function templateOf(zombies: readonly number[]): string {
  if (zombies.length === 0) return '<TEMPLATE/>';
  const values = { TOTAL_ZOMBIES: zombies.length, ZOMBIES: zombies.join(', ') };
  const attributes = Object.entries(values).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
  return `<TEMPLATE>${attributes.join('')}</TEMPLATE>`;
}

/** The answer of `one.vmpool.monitoring`: the last record of every VM that ever had one. */
export function monitoringXml({ vms }: Cloud): string {
  const records = vms.map(({ id, said }) => {
    const ours = said
      ? Object.entries(
          probeAttributes({ affected: 'unknown', ...said, vmId: String(id), deployId: '' }, said.time),
        )
      : [];
    const values = ours.map(([key, value]) => `<${key}><![CDATA[${value}]]></${key}>`).join('');
    return `<MONITORING><CPU><![CDATA[0.5]]></CPU><ID><![CDATA[${id}]]></ID>${values}<STATE><![CDATA[RUNNING]]></STATE></MONITORING>`;
  });
  return `<MONITORING_DATA>${records.join('')}</MONITORING_DATA>`;
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
