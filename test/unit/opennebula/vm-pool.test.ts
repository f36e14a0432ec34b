import { attributes, monitoringLine } from '../../../src/opennebula/model/monitoring-attributes';
import { readMonitoring, type ProbeReport } from '../../../src/opennebula/model/vm-pool';
import { readXml } from '../../../src/os/read-xml';
import { readMonitoring as asMonitord } from '../../support/monitord';

const time = '2024-03-05T03:12:09Z';

function reportOf(values: Readonly<Record<string, string>>): ProbeReport | undefined {
  const elements = Object.entries(values).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
  const xml = `<MONITORING_DATA><MONITORING><ID>310</ID>${elements.join('')}</MONITORING></MONITORING_DATA>`;
  return readMonitoring(readXml(xml)).get(310);
}

const earlier = {
  MIGRATE_GUARD: 'blocked',
  MIGRATE_GUARD_REASON: 'vda leads elsewhere',
  MIGRATE_GUARD_BLOCK_STATE: 'stuck',
  MIGRATE_GUARD_TIME: time,
};

test('the report of an earlier release’s probe is read under its own names', () => {
  expect(reportOf(earlier)).toEqual({
    verdict: 'blocked',
    reason: 'vda leads elsewhere',
    blockState: 'stuck',
    affected: '',
    time,
  });
});

test('values that monitord keeps from an earlier release do not hide the present ones', () => {
  const status = { verdict: 'safe', reason: '', blockState: 'healthy', affected: 'no' } as const;
  const vm = { vmId: '310', deployId: 'x', ...status };
  const said = asMonitord(monitoringLine(vm, new Date(time))).get(310) ?? [];
  expect(reportOf({ ...earlier, ...Object.fromEntries(said) })).toEqual({
    verdict: 'safe',
    reason: '',
    blockState: 'healthy',
    affected: 'unaffected',
    time,
  });
});

test('onevm show prints every name completely: it cuts them after 20 characters (onevm_helper.rb, trunc)', () => {
  expect(Object.values(attributes).filter((name) => name.length > 20)).toEqual([]);
});
