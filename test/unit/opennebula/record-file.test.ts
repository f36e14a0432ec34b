import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGuardsNotRun, guardsNotRun } from '../../../src/opennebula/model/guards-not-run';
import { entriesIn, entriesNotRun, keepEntry } from '../../../src/opennebula/record-file';
import { aRecordEntry } from '../../support/factories';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'record-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const notRun = aRecordEntry({ guard: 'could-not-run', why: 'sudo refuses' });

test('a list that cannot be written does not prevent a VM’s own entry', () => {
  mkdirSync(join(directory, 'not-run.jsonl'));
  expect(keepEntry(directory, notRun)).toMatch(/^it could not be written to .*: EISDIR$/);
  expect(entriesIn(directory, notRun.vmId)).toMatchObject([{ why: 'sudo refuses' }]);
});

test.each<[string, (list: string) => void]>([
  ['a directory', (list) => mkdirSync(list)],
  ['a link', (list) => symlinkSync('/dev/null', list)],
  ['longer than the part that is read', (list) => writeFileSync(list, ' '.repeat(1024 * 1024 + 1))],
])('a list that is %s does not count as empty', (_, make) => {
  expect(entriesNotRun(directory)).toEqual([]);
  const list = join(directory, 'not-run.jsonl');
  make(list);
  expect(entriesNotRun(directory)).toEqual({
    unknown: expect.stringContaining(`what was done for VMs cannot be read in ${list}: `) as string,
  });
});

test('a host’s name is quoted if necessary', () => {
  const entry = { ...notRun, source: 'kvm1; id' };
  const [one] = guardsNotRun([entry], [], new Date(entry.time));
  expect(one && describeGuardsNotRun(one).remedy).toBe("migrate-guard doctor --host 'kvm1; id'");
});
