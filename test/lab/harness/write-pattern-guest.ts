import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { assembleBootSector } from './guest';
import { FIRST_SECTOR, record, RING, SECTOR, sectorOf } from './write-pattern';

/** The address at which the guest counts writes that a disk refused; it retries such a record. */
export const REFUSALS_ADDRESS = 0x8004;

/**
 * The writing guest: it writes records to successive sectors of a ring (see write-pattern.ts), several at a time, 18
 * times a second at most. The counter at 0x8000 is the last record that every drive has confirmed.
 *
 *     7c00 fa              cli
 *     7c01 fc              cld
 *     7c02 31 c0           xor   ax, ax
 *     7c04 8e d8           mov   ds, ax
 *     7c06 8e c0           mov   es, ax
 *     7c08 8e d0           mov   ss, ax
 *     7c0a bc 00 7c        mov   sp, 0x7c00
 *     7c0d fb              sti
 *     7c0e 66 a1 f4 7d     mov   eax, [0x7df4]           ; the records that are there already
 *     7c12 66 a3 00 80     mov   [0x8000], eax
 *     7c16 66 a1 00 80     record: mov eax, [0x8000]
 *     7c1a 66 40           inc   eax
 *     7c1c 89 c3           mov   bx, ax
 *     7c1e 81 e3 ff 07     and   bx, RING - 1
 *     7c22 83 c3 08        add   bx, FIRST_SECTOR
 *     7c25 89 1e 87 7c     mov   [sector], bx
 *     7c29 bf 00 82        mov   di, 0x8200
 *     7c2c b9 80 00        mov   cx, 128
 *     7c2f 66 ab           fill: stosd
 *     7c31 66 05 b9 79 37 9e  add eax, STEP
 *     7c37 e2 f6           loop  fill
 *     7c39 8a 1e f0 7d     mov   bl, [0x7df0]            ; bit n: write to BIOS drive 0x80 + n
 *     7c3d b2 80           mov   dl, 0x80
 *     7c3f d0 eb           drive: shr bl, 1
 *     7c41 73 15           jnc   next
 *     7c43 bf 00 06        mov   di, 0x600               ; a fresh copy: the BIOS writes into the packet
 *     7c46 be 7f 7c        mov   si, packet
 *     7c49 b9 08 00        mov   cx, 8
 *     7c4c f3 a5           rep movsw
 *     7c4e be 00 06        mov   si, 0x600
 *     7c51 b8 00 43        mov   ax, 0x4300              ; extended write
 *     7c54 cd 13           int   0x13
 *     7c56 72 20           jc    refused
 *     7c58 fe c2           next: inc dl
 *     7c5a 84 db           test  bl, bl
 *     7c5c 75 e1           jnz   drive
 *     7c5e 66 ff 06 00 80  inc   dword [0x8000]
 *     7c63 a0 f1 7d        mov   al, [0x7df1]            ; how many at a time, less one
 *     7c66 84 06 00 80     test  [0x8000], al
 *     7c6a 75 aa           jnz   record
 *     7c6c a1 6c 04        pause: mov ax, [0x46c]        ; the BIOS clock, 18.2 Hz
 *     7c6f f4              wait: hlt
 *     7c70 3b 06 6c 04     cmp   ax, [0x46c]
 *     7c74 74 f9           je    wait
 *     7c76 eb 9e           jmp   record
 *     7c78 66 ff 06 04 80  refused: inc dword [0x8004]
 *     7c7d eb ed           jmp   pause
 *     7c7f 10 00 01 00     packet: 16 bytes long, 1 sector
 *     7c83 00 82 00 00     from 0000:8200
 *     7c87 …               sector: 8 bytes
 */
const CODE = Buffer.from(
  'fafc31c08ed88ec08ed0bc007cfb66a1f47d66a3008066a10080664089c381e3ff0783c308891e877cbf0082b9800066' +
    'ab6605b979379ee2f68a1ef07db280d0eb7315bf0006be7f7cb90800f3a5be0006b80043cd137220fec284db75e166ff' +
    '060080a0f17d8406008075aaa16c04f43b066c0474f9eb9e66ff060480ebed10000100008200000000000000000000',
  'hex',
);

const BURST_AT = 0x1f1;
const BEGUN_AT = 0x1f4;

export interface PatternGuestOptions {
  /** The drives, counted from 0 in boot order, that the guest writes to. */
  readonly writesTo: readonly number[];
  /** The number of records that are assumed to be written already. Default: none. */
  readonly begun?: number;
  /**
   * Records at a time, a power of two. Default: 2, because under TCG each takes about 5 ms of a processor that other
   * tests need. With 16 the guest always has a write in progress.
   */
  readonly burst?: number;
}

/** Makes a device or file bootable, with a ring of records. Effective when the guest boots, not while it runs. */
export function installPatternGuest(
  device: string,
  { writesTo, begun = 0, burst = 2 }: PatternGuestOptions,
): void {
  const image = Buffer.alloc((FIRST_SECTOR + RING) * SECTOR);
  assembleBootSector(CODE, writesTo).copy(image);
  image[BURST_AT] = burst - 1;
  image.writeUInt32LE(begun, BEGUN_AT);
  for (let n = Math.max(1, begun - RING + 1); n <= begun; n += 1) record(n).copy(image, sectorOf(n) * SECTOR);
  const fd = openSync(device, 'r+');
  try {
    writeSync(fd, image, 0, image.length, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
