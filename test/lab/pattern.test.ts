import { closeSync, openSync, readSync, writeSync, fsyncSync } from 'node:fs';
import { ifMade } from '../support/if-made';
import { type Domain, Lab, record, RING, SECTOR, sectorOf, until, type Volume } from './harness';

// Each kind of lost write must be detected; otherwise the other tests prove nothing.

let lab: Lab;
let domain: Domain;
let volume: Volume;
let confirmed: number;

beforeAll(async () => {
  lab = await Lab.start({ hosts: ['kvm1'] });
  domain = await lab.startDomain(310);
  const disk = domain.disks[0]?.volume;
  if (disk === undefined) throw new Error('the domain has no volume');
  volume = disk;
  await until(() => domain.counter() > 100, { what: 'the guest writes 100 records' });
  await domain.verifyPattern();
  await domain.host.virsh('suspend', domain.name);
  confirmed = domain.counter();
});

afterAll(() => ifMade(lab, (made) => made.stop()));

/** Overwrites a record's sector for a while; returns the result of the verification. */
async function verdictWith(n: number, text: Buffer): Promise<unknown> {
  const fd = openSync(volume.device, 'r+');
  const original = Buffer.alloc(text.length);
  const offset = sectorOf(n) * SECTOR;
  try {
    readSync(fd, original, 0, text.length, offset);
    writeSync(fd, text, 0, text.length, offset);
    fsyncSync(fd);
    return await volume.verifyPattern(confirmed).catch((error: unknown) => (error as Error).message);
  } finally {
    writeSync(fd, original, 0, original.length, offset);
    fsyncSync(fd);
    closeSync(fd);
  }
}

const torn = (n: number): Buffer => Buffer.concat([record(n), Buffer.alloc(SECTOR)]).subarray(8, SECTOR + 8);

test.each([
  ['a write that never came', 50, () => Buffer.alloc(SECTOR), 'sector 58: 50 expected, empty found'],
  ['a torn sector', 50, torn, 'sector 58: 50 expected, damaged found'],
  ['a single flipped bit', 50, (n: number) => flipped(record(n)), 'sector 58: 50 expected, damaged found'],
  ['another record in its place', 50, () => record(49), 'sector 58: 50 expected, 49 found'],
  ['a record that no guest wrote', 50, (n: number) => record(n + RING), 'sector 9: 2049 expected, 1 found'],
])('%s is detected', async (_, n, content, said) => {
  expect(await volume.verifyPattern(confirmed)).toBeGreaterThanOrEqual(confirmed);
  expect(await verdictWith(n, content(n))).toContain(said);
  expect(await volume.verifyPattern(confirmed)).toBeGreaterThanOrEqual(confirmed);
});

test('a confirmed write that is missing at the end is detected', async () => {
  const newest = await volume.verifyPattern(confirmed);
  const lost = Buffer.alloc((newest - confirmed + 1) * SECTOR);
  expect(await verdictWith(confirmed, lost)).toContain(
    `record ${confirmed} was confirmed to the guest and is not on disk`,
  );
});

test('a ring is verified across its end, and a write that is missing in the round before is detected', async () => {
  const begun = 3 * RING - 20;
  const ring = await lab.volume({ begun });
  expect(await ring.verifyPattern(begun)).toBe(begun);
  const second = await lab.startDomain(311, { disks: [{ target: 'vda', volume: ring }] });
  await until(() => second.counter() > 3 * RING + 20, {
    what: 'the guest begins another round',
  });
  expect(await second.verifyPattern()).toBeGreaterThan(3 * RING);
  await second.destroy();

  const fd = openSync(ring.device, 'r+');
  writeSync(fd, record(2 * RING - 30), 0, SECTOR, sectorOf(3 * RING - 30) * SECTOR);
  fsyncSync(fd);
  closeSync(fd);
  await expect(ring.verifyPattern()).rejects.toThrow(`${3 * RING - 30} expected, ${2 * RING - 30} found`);
});

function flipped(sector: Buffer): Buffer {
  sector[300] = (sector[300] ?? 0) ^ 1;
  return sector;
}
