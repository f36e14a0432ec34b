import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const SECTOR = 512;
/**
 * The ring starts here and has this many sectors; record n is in sector {@link sectorOf}(n). A round takes at least 7
 * s, with a guest that writes 16 at a time. Older losses are overwritten, so verify a long test in parts.
 */
export const FIRST_SECTOR = 8;
export const RING = 2048;

export function sectorOf(n: number): number {
  return FIRST_SECTOR + (n % RING);
}

const WORDS = SECTOR / 4;
const STEP = 0x9e3779b9;

/**
 * Record n: each of its words depends on n and on its position, so that no part of another record can be mistaken for
 * it.
 */
export function record(n: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  for (let word = 0; word < WORDS; word += 1) {
    sector.writeUInt32LE((n + Math.imul(word, STEP)) >>> 0, word * 4);
  }
  return sector;
}

/** The content of one slot of the ring: a record's number, empty, or something that no guest wrote as a whole. */
type Slot = number | 'empty' | 'damaged';

const EMPTY = Buffer.alloc(SECTOR);

function slotOf(sector: Buffer): Slot {
  if (sector.equals(EMPTY)) return 'empty';
  const n = sector.readUInt32LE(0);
  return sector.equals(record(n)) ? n : 'damaged';
}

interface Pattern {
  /** The newest record found, 0 when there is none. */
  readonly newest: number;
  /** One line for each sector with unexpected content. */
  readonly flaws: readonly string[];
}

/**
 * Whether a ring holds every record up to the newest one, each complete and in its place.
 * @param ring the sectors from FIRST_SECTOR on
 * @param confirmed the last record whose write the guest saw confirmed: a ring that ends before it has lost writes
 */
function checkPattern(ring: Buffer, confirmed: number): Pattern {
  const slots = Array.from({ length: RING }, (_, index) =>
    slotOf(ring.subarray(index * SECTOR, (index + 1) * SECTOR)),
  );
  const inPlace = slots.filter((slot, index): slot is number => Number(slot) % RING === index);
  const newest = inPlace.reduce((most, n) => Math.max(most, n), 0);
  const flaws: string[] = [];
  if (newest < confirmed) flaws.push(`record ${confirmed} was confirmed to the guest and is not on disk`);
  for (const [index, found] of slots.entries()) {
    // The highest number up to the newest that belongs into this slot.
    const expected = newest - ((((newest - index) % RING) + RING) % RING);
    const right = expected > 0 ? expected : 'empty';
    if (found !== right) flaws.push(`sector ${FIRST_SECTOR + index}: ${right} expected, ${found} found`);
  }
  return { newest, flaws };
}

/**
 * Proves that nothing the guest wrote to this device was lost or torn; throws a list of the bad sectors. A guest may
 * write while the ring is read, so a flaw counts only if a second read shows the same.
 * @returns the newest record
 */
export async function verifyPattern(device: string, confirmed: number): Promise<number> {
  const first = checkPattern(await readRing(device), confirmed);
  if (first.flaws.length === 0) return first.newest;
  const second = checkPattern(await readRing(device), confirmed);
  const flaws = second.flaws.filter((flaw) => first.flaws.includes(flaw));
  if (flaws.length === 0) return second.newest;
  const more = flaws.length > 10 ? `\n… and ${flaws.length - 10} more` : '';
  throw new Error(`${device} does not hold what the guest wrote:\n${flaws.slice(0, 10).join('\n')}${more}`);
}

/** Direct I/O, because QEMU writes past the page cache. */
async function readRing(device: string): Promise<Buffer> {
  const dd = [
    'iflag=direct',
    `bs=${SECTOR * FIRST_SECTOR}`,
    'skip=1',
    `count=${RING / FIRST_SECTOR}`,
    'status=none',
  ];
  const { stdout } = await promisify(execFile)('dd', [`if=${device}`, ...dd], {
    encoding: 'buffer',
    timeout: 10_000,
    maxBuffer: 2 * RING * SECTOR,
  });
  if (stdout.length !== RING * SECTOR) throw new Error(`${device}: its ring has ${stdout.length} bytes`);
  return stdout;
}
