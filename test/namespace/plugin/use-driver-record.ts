import { existsSync, readFileSync } from 'node:fs';
import { readEntry, type RecordEntry } from '../../../src/opennebula/model/record';
import { History } from '../../support/vm-xml';
import { until } from '../harness';
import { useLittleCloud } from '../installation/fake-cloud-machine';

export const recordDirectory = '/var/lib/one/migrate-guard';
export const stock = 'tmp/one/vmm/kvm/migrate one-310 kvm2 kvm1 310 kvm1';
/** Messages of a fake agent. */
export const move = [{ kind: 'move' }, 'read -r moved'];
export const done = { kind: 'end', exit: 0, domain: 'one-310', result: 'done', what: 'moved' };
export const vetoed = {
  kind: 'end',
  exit: 1,
  domain: 'one-310',
  result: 'refused',
  what: 'vda leads elsewhere',
  remedy: 'correct it',
};
export const repaired = { kind: 'did', action: 'repair', what: '/dev/"sp" made' };

export function vm(userTemplate: Readonly<Record<string, string>> = {}): string {
  const attributes = Object.entries(userTemplate).map(
    ([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`,
  );
  return `<VM><ID>310</ID><USER_TEMPLATE>${attributes.join('')}</USER_TEMPLATE></VM>`;
}

/** A new cloud for each test, with its front-end's record of VM 310. */
export function useDriverRecord() {
  const on = useLittleCloud('each');

  beforeEach(async () => {
    await on.cloud.program('/usr/bin/logger', '#!/bin/sh\necho "$*" >>/var/lib/one/syslog\n');
    await on.cloud.onevm({ history: new History().records });
  });

  async function migrate(userTemplate?: Readonly<Record<string, string>>) {
    const xml = `<VMM_DRIVER_ACTION_DATA>${vm(userTemplate)}</VMM_DRIVER_ACTION_DATA>`;
    const words = ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'];
    return on.cloud.script('vmm/kvm/migrate-guard', words, Buffer.from(xml).toString('base64'));
  }

  function entries(): RecordEntry[] {
    const file = on.cloud.machine.path(`${recordDirectory}/310.json`);
    if (!existsSync(file)) return [];
    const document = JSON.parse(readFileSync(file, 'utf8')) as { vmId: number; entries: unknown[] };
    expect(document.vmId).toBe(310);
    return document.entries.flatMap((entry) => readEntry(entry) ?? []);
  }

  /** The lines of syslog, as soon as there are `count`. */
  async function syslog(count = 1): Promise<string[]> {
    await until(() => on.cloud.lines('syslog').length >= count, {
      what: 'syslog has the lines',
      evidence: () => on.cloud.lines('syslog'),
    });
    return on.cloud.lines('syslog');
  }

  /** The text that OpenNebula was asked to append, as soon as there is one. */
  async function appended(): Promise<string> {
    await until(() => on.cloud.lines('asked').length > 0, { what: 'onevm is asked' });
    expect(on.cloud.lines('asked')).toEqual([`update 310 --append ${recordDirectory}/310.template`]);
    return readFileSync(on.cloud.machine.path(`${recordDirectory}/310.template`), 'utf8');
  }

  return { on, migrate, entries, syslog, appended };
}
