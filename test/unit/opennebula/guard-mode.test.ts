import { child } from '../../../src/core/element';
import { guardModeOf, hasLastAttribute } from '../../../src/opennebula/model/guard-mode';
import { actionDataIn, readMoveRequest } from '../../../src/opennebula/model/action-xml';
import { readXml } from '../../../src/os/read-xml';
import { readVmEvent } from '../../../src/opennebula/read-vm';

function vm(mode?: string): string {
  const attribute = mode === undefined ? '' : `<MIGRATE_GUARD_MODE><![CDATA[${mode}]]></MIGRATE_GUARD_MODE>`;
  // The owner of the VM cannot set an attribute in another section.
  const elsewhere = '<TEMPLATE><MIGRATE_GUARD_MODE>off</MIGRATE_GUARD_MODE></TEMPLATE>';
  return `<VM><ID>310</ID>${elsewhere}<USER_TEMPLATE>${attribute}</USER_TEMPLATE></VM>`;
}

test.each([
  [undefined, { mode: 'guard' }],
  ['', { mode: 'guard' }],
  ['off', { mode: 'off' }],
  [' Off\n', { mode: 'off' }],
  ['WARN', { mode: 'warn' }],
  ['of', { mode: 'guard', invalid: 'of' }],
  ['no', { mode: 'guard', invalid: 'no' }],
  ['o'.repeat(60), { mode: 'guard', invalid: `${'o'.repeat(39)}…` }],
])('%j', (given, mode) => {
  expect(guardModeOf(readXml(vm(given)))).toEqual(mode);
  const data = `<VMM_DRIVER_ACTION_DATA>${vm(given)}</VMM_DRIVER_ACTION_DATA>`;
  const words = ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'];
  for (const input of [data, Buffer.from(data).toString('base64')]) {
    const given = actionDataIn(Buffer.from(input));
    expect(given.xml).toBe(data);
    expect(readMoveRequest('migrate', words, given, readXml(given.xml))).toMatchObject({ guardMode: mode });
  }
  expect(readVmEvent(Buffer.from(vm(given)).toString('base64'))).toMatchObject({ guardMode: mode });
});

test('a value that cannot be read means the usual guard', () => {
  const words = ['one-310', 'kvm2', 'kvm1', '310', 'kvm1'];
  expect(readMoveRequest('migrate', words, actionDataIn(Buffer.from('<VM')), undefined)).toMatchObject({
    guardMode: { mode: 'guard' },
    hasLastAttribute: false,
  });
  expect(hasLastAttribute(child(readXml('<X/>'), 'VM'))).toBe(false);
});
