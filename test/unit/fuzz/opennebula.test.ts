import { isFailure } from '../../../src/core/errors';
import { done, failed } from '../../../src/opennebula/model/hook-log';
import { failedMove, isFiredBy, migrationUnderWay } from '../../../src/opennebula/model/migration-history';
import { actionDataIn, readMoveRequest } from '../../../src/opennebula/model/action-xml';
import { readVectors } from '../../../src/opennebula/model/oned-conf';
import { kvmHosts, registeredHooks } from '../../../src/opennebula/model/host-pool';
import { failure, info } from '../../../src/opennebula/model/vm-log';
import {
  earlierMovers,
  hasAnyGuard,
  kvmArguments,
  withGuards,
  withoutGuards,
} from '../../../src/opennebula/model/vm-mad';
import { readMonitoring as readLastMonitoring, readVmPool } from '../../../src/opennebula/model/vm-pool';
import { decodeAnswer } from '../../../src/opennebula/model/xml-rpc';
import { monitoringLine } from '../../../src/opennebula/model/monitoring-attributes';
import { readXml } from '../../../src/os/read-xml';
import { readVmEvent } from '../../../src/opennebula/read-vm';
import { readMonitoring } from '../../support/monitord';
import { vmXml } from '../../support/vm-xml';
import { fuzz, refusesXml } from './parser';

const record = { hid: 1, hostname: 'kvm1', stime: 1000, etime: 1200, rstime: 1000, action: 2, seq: 0 };
const history = [
  record,
  { ...record, seq: 1, hid: 2, hostname: 'kvm2', stime: 1100, rstime: 0, action: 0 },
  { ...record, seq: 2, stime: 1200, etime: 0, rstime: 1200, action: 0 },
];
const events = [
  vmXml({ history }),
  vmXml({ history, prevLcmState: 3, release: '6.6' }),
  vmXml({ history, prevLcmState: 6 }),
  vmXml({ history: [] }),
];

fuzz('the VM of a hook', {
  valid: [...events, Buffer.from(events[0] ?? '').toString('base64')],
  parse: (text) => {
    const event = readVmEvent(text);
    if (isFailure(event)) return { event };
    isFiredBy('pre-migrate', event);
    return { event, underWay: migrationUnderWay(event), failed: failedMove(event) };
  },
  holds: ({ event, failed }) => {
    if (isFailure(event)) {
      expect(event.what).not.toBe('');
      if (event.what.includes('neither XML')) expect(event.what).toMatch(/: line \d+: ./);
      return;
    }
    expect(event.vmId).toMatch(/^[0-9]{1,10}$/);
    // A reaction to a failed move needs the number of its record.
    if (failed && !isFailure(failed)) expect(Number.isSafeInteger(failed.seq)).toBe(true);
  },
});

const actionData = `<VMM_DRIVER_ACTION_DATA><HOST>kvm1</HOST><DATASTORE><TEMPLATE><SHARED><![CDATA[YES]]></SHARED></TEMPLATE></DATASTORE>${events[0] ?? ''}</VMM_DRIVER_ACTION_DATA>`;
fuzz('the input of a driver', {
  valid: [actionData, Buffer.from(actionData).toString('base64')],
  parse: (text) => {
    const data = actionDataIn(Buffer.from(text));
    return readMoveRequest('migrate', ['one-310', 'kvm2', 'kvm1', '310'], data, readXml(data.xml));
  },
  refuses: refusesXml,
  holds: (request) => {
    if (isFailure(request)) throw new Error(request.what);
    expect([true, false, undefined]).toContain(request.shared);
  },
});

const hosts = `<HOST_POOL><HOST><ID>0</ID><NAME>kvm1</NAME><STATE>2</STATE><VM_MAD><![CDATA[kvm]]></VM_MAD></HOST></HOST_POOL>`;
fuzz('onehost list', {
  valid: [hosts],
  parse: (text) => kvmHosts(readXml(text)),
  refuses: refusesXml,
  holds: (found) => {
    expect(found.every(({ name, driver }) => name !== '' && ['kvm', 'qemu'].includes(driver))).toBe(true);
  },
});

fuzz('onehook list', {
  valid: [
    '<HOOK_POOL><HOOK><ID>1</ID><TEMPLATE><COMMAND>migrate-guard/pre-migrate</COMMAND></TEMPLATE></HOOK></HOOK_POOL>',
  ],
  parse: (text) => registeredHooks(readXml(text)),
  refuses: refusesXml,
});

const reported = '<MIGRATE_GUARD><![CDATA[safe]]></MIGRATE_GUARD><MIGRATE_GUARD_TIME>t</MIGRATE_GUARD_TIME>';
const placed = `<VM><ID>7</ID><NAME>a</NAME><STATE>3</STATE><LCM_STATE>3</LCM_STATE><HISTORY_RECORDS><HISTORY><HOSTNAME>kvm1</HOSTNAME><VM_MAD>kvm</VM_MAD></HISTORY></HISTORY_RECORDS><MONITORING>${reported}</MONITORING></VM>`;
fuzz('onevm list', {
  valid: [`<VM_POOL>${placed}</VM_POOL>`, placed],
  parse: (text) => readVmPool(readXml(text)),
  refuses: refusesXml,
  holds: (vms) => expect(vms.every(({ id, host }) => Number.isSafeInteger(id) && host !== '')).toBe(true),
});

fuzz('the last monitoring of all VMs', {
  valid: [`<MONITORING_DATA><MONITORING><ID>7</ID>${reported}</MONITORING></MONITORING_DATA>`],
  parse: (text) => readLastMonitoring(readXml(text)),
  refuses: refusesXml,
  holds: (found) => expect([...found.keys()].every(Number.isSafeInteger)).toBe(true),
});

fuzz('an answer of oned', {
  valid: [
    '<?xml version="1.0"?><methodResponse><params><param><value><array><data><value><boolean>1</boolean></value><value><string>x</string></value></data></array></value></param></params></methodResponse>',
    '<methodResponse><fault><value><struct><member><name>faultString</name><value><string>no</string></value></member></struct></value></fault></methodResponse>',
  ],
  parse: (text) => decodeAnswer(readXml(text)),
  refuses: refusesXml,
  holds: (answer) => expect(typeof (isFailure(answer) ? answer.what : answer)).toBe('string'),
});

const conf = `# VM_MAD = [ NAME = "no" ]
LOG = [ SYSTEM = "file", DEBUG_LEVEL = 3 ]
VM_MAD = [
    NAME           = "kvm",
    EXECUTABLE     = "one_vmm_exec",
    ARGUMENTS      = "-l deploy=deploy-tweaks,migrate=migrate-tweaks -t 15 -r 0 kvm -p", # \\"x\\"
    TYPE           = "kvm" ]
TM_MAD = [ ARGUMENTS = "a \\"quoted\\" word" ]
`;
fuzz('oned.conf', {
  valid: [conf],
  parse: (text) => ({ vectors: readVectors(text, 'VM_MAD'), args: kvmArguments(text) }),
  holds: ({ vectors, args }, text) => {
    const all = vectors.flatMap((vector) => [...vector.values()]);
    expect(all.every(({ value, start, end }) => text.slice(start, end).includes(value))).toBe(true);
    if ('refused' in args) expect(args.refused).toMatch(/VM_MAD/);
  },
});

fuzz('the ARGUMENTS of VM_MAD', {
  valid: [
    '-l deploy=deploy-tweaks,migrate=migrate-tweaks -t 15 -r 0 kvm -p',
    '--local=save,a=b kvm',
    '-t 15 kvm',
  ],
  parse: (text) => ({ set: withGuards(text), movers: earlierMovers(text) }),
  holds: ({ set }) => {
    expect(withGuards(set)).toBe(set);
    expect(hasAnyGuard(set)).toBe(true);
    expect(hasAnyGuard(withoutGuards(set, { migrate: 'migrate', save: 'save' }))).toBe(false);
  },
});

const isPrintedSafely = (text: string): boolean =>
  // eslint-disable-next-line no-control-regex -- control characters must not occur
  !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text);
fuzz('a reason, as OpenNebula is told it', {
  valid: ["/dev/storpool-byid is missing in QEMU's mount namespace", 'a "b" [c] \\ ]]> $(d) # e = f'],
  parse: (text) => ({
    monitoring: monitoringLine(
      { vmId: '310', deployId: 'd', verdict: 'blocked', reason: text, blockState: 'healthy', affected: 'no' },
      new Date(0),
    ),
    lines: [
      info(text),
      failure('one-310', { what: text, remedy: text }),
      done('one-310', text),
      failed('one-310', text, text),
    ],
  }),
  holds: ({ monitoring, lines }) => {
    const vm = readMonitoring(monitoring).get(310);
    expect(vm?.get('MIGRATE_GUARD')).toBe('blocked');
    expect([...(vm?.keys() ?? [])]).toHaveLength(5);
    expect(monitoring.length).toBeLessThan(1024);
    expect(lines.map((line) => line.trimEnd().split('\n').length)).toEqual([1, 3, 1, 2]);
    for (const line of lines) expect(isPrintedSafely(line)).toBe(true);
  },
});
