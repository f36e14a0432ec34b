import type { HistoryRecord } from '../../src/opennebula/model/vm-event';

/** The releases whose XML differs: History.cc, History::to_xml, and VirtualMachine.cc, to_xml_extended. */
export const releases = ['6.6', '6.10', '7.0'] as const;
type Release = (typeof releases)[number];

export interface VmXmlOptions {
  readonly release?: Release;
  readonly id?: number;
  readonly state?: number;
  readonly lcmState?: number;
  readonly prevState?: number;
  readonly prevLcmState?: number;
  readonly history: readonly HistoryRecord[];
}

/** A VM in the form of the hook manager's events, and of onevm's output, which is indented (Nokogiri). */
export function vmXml({
  release = '7.0',
  id = 310,
  state = 3,
  lcmState = 3,
  prevState = 3,
  prevLcmState = 4,
  history,
}: VmXmlOptions): string {
  const deployId = '4dea22b3-1d52-4d6d-8d72-8e8a3c1b9d1f';
  const lines = [
    '<VM>',
    `  <ID>${id}</ID>`,
    '  <UID>0</UID>',
    '  <GID>0</GID>',
    '  <UNAME>oneadmin</UNAME>',
    '  <GNAME>oneadmin</GNAME>',
    '  <NAME>web &lt;1&gt;</NAME>',
    '  <PERMISSIONS>\n    <OWNER_U>1</OWNER_U>\n  </PERMISSIONS>',
    '  <LAST_POLL>1709630000</LAST_POLL>',
    `  <STATE>${state}</STATE>`,
    `  <LCM_STATE>${lcmState}</LCM_STATE>`,
    `  <PREV_STATE>${prevState}</PREV_STATE>`,
    `  <PREV_LCM_STATE>${prevLcmState}</PREV_LCM_STATE>`,
    '  <RESCHED>0</RESCHED>',
    '  <STIME>1709600000</STIME>',
    '  <ETIME>0</ETIME>',
    `  <DEPLOY_ID>${deployId}</DEPLOY_ID>`,
    '  <MONITORING>\n    <CPU><![CDATA[0.0]]></CPU>\n    <STATE><![CDATA[a]]></STATE>\n  </MONITORING>',
    ...(release === '7.0' ? ['  <SCHED_ACTIONS/>'] : []),
    '  <TEMPLATE>\n    <CPU><![CDATA[1]]></CPU>\n    <DISK>\n      <SOURCE><![CDATA[one-img-7]]></SOURCE>\n    </DISK>\n  </TEMPLATE>',
    '  <USER_TEMPLATE>\n    <NOTE><![CDATA[<VM><ID>1</ID></VM> & "quotes"]]></NOTE>\n  </USER_TEMPLATE>',
    ...(history.length === 0
      ? ['  <HISTORY_RECORDS/>']
      : [
          '  <HISTORY_RECORDS>',
          ...history.map((record) => recordXml(record, id, release)),
          '  </HISTORY_RECORDS>',
        ]),
    '  <BACKUPS>\n    <BACKUP_CONFIG/>\n    <BACKUP_IDS/>\n  </BACKUPS>',
    '</VM>',
  ];
  return lines.join('\n');
}

function recordXml(record: HistoryRecord, id: number, release: Release): string {
  const { seq, hostname, hid, stime, etime, rstime, action } = record;
  const values: readonly (readonly [string, string | number])[] = [
    ['OID', id],
    ['SEQ', seq],
    ['HOSTNAME', hostname],
    ['HID', hid],
    ['CID', 0],
    ['STIME', stime],
    ['ETIME', etime],
    ['VM_MAD', '<![CDATA[kvm]]>'],
    ['TM_MAD', '<![CDATA[storpool]]>'],
    ['DS_ID', 0],
    ...(release === '7.0'
      ? ([
          ['PLAN_ID', -1],
          ['ACTION_ID', -1],
        ] as const)
      : []),
    ['PSTIME', 0],
    ['PETIME', 0],
    ['RSTIME', rstime],
    ['RETIME', rstime === 0 ? 0 : etime],
    ['ESTIME', 0],
    ['EETIME', 0],
    ['ACTION', action],
    ['UID', action === 0 ? -1 : 0],
    ['GID', action === 0 ? -1 : 0],
    ['REQUEST_ID', action === 0 ? -1 : 4176],
  ];
  return `    <HISTORY>\n${values.map(([name, value]) => `      <${name}>${value}</${name}>\n`).join('')}    </HISTORY>`;
}

const liveMigrate = 2;
const deployed = 1709600000;
const hostIds: Readonly<Record<string, number>> = { kvm1: 11, kvm2: 12, kvm3: 13 };

/** A VM's history as oned writes it: each method does what one of oned's functions does to the records. */
export class History {
  readonly records: HistoryRecord[] = [];

  constructor() {
    this.add('kvm1', { stime: deployed, rstime: deployed + 4 });
  }

  /** trigger_live_migrate, or trigger_migrate with any other action; without an end time it is in progress. */
  begin(host: string, time: number, action = liveMigrate): this {
    this.change(1, { action });
    this.add(host, { stime: time });
    return action === liveMigrate ? this : this.change(1, { action });
  }

  /** trigger_deploy_success out of MIGRATE. */
  succeed(time: number): this {
    return this.change(1, { rstime: time }).change(2, { etime: time });
  }

  /** revert_migrate_after_failure, which trigger_save_failure calls out of SAVE_MIGRATE; cp_previous_history. */
  revert(time: number): this {
    this.change(1, { etime: time }).change(2, { etime: time });
    return this.add(this.records.at(-2)?.hostname ?? '', { stime: time, rstime: time });
  }

  /** trigger_suspend or trigger_stop. */
  save(action: number): this {
    return this.change(1, { action });
  }

  /** trigger_save_failure out of SAVE_SUSPEND or SAVE_STOP: clear_action. */
  failSave(): this {
    return this.change(1, { action: 0 });
  }

  /** trigger_suspend, trigger_poweroff and what follows, up to BOOT on the same host. */
  stopAndStart(action: number, time: number): this {
    const { hostname = '' } = this.records.at(-1) ?? {};
    this.change(1, { etime: time, action });
    return this.add(hostname, { stime: time + 9, rstime: time + 10 });
  }

  private add(hostname: string, times: { stime: number; rstime?: number }): this {
    const hid = hostIds[hostname] ?? 99;
    this.records.push({ seq: this.records.length, hid, hostname, etime: 0, rstime: 0, action: 0, ...times });
    return this;
  }

  /** @param fromEnd 1 for the newest record */
  private change(fromEnd: number, values: Partial<HistoryRecord>): this {
    const index = this.records.length - fromEnd;
    const record = this.records[index];
    if (record) this.records[index] = { ...record, ...values };
    return this;
  }
}
