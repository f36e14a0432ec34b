import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { assembleBootSector } from './guest';
import { FIRST_SECTOR, RING, SECTOR } from './pattern';

/** Where the guest counts writes that a disk refused; it tries such a record again. */
export const REFUSALS_ADDRESS = 0x8004;

/**
 * The writing guest: it writes records to successive sectors of a ring (see pattern.ts), sixteen at a time, 18 times a
 * second at most. The counter at 0x8000 is the last record that every drive has confirmed.
 *
 *     7c00 fa              cli
 *     7c01 fc              cld
 *     7c02 31 c0           xor   ax, ax
 *     7c04 8e d8           mov   ds, ax
 *     7c06 8e c0           mov   es, ax
 *     7c08 8e d0           mov   ss, ax
 *     7c0a bc 00 7c        mov   sp, 0x7c00
 *     7c0d fb              sti
 *     7c0e 66 a1 00 80     record: mov eax, [0x8000]
 *     7c12 66 40           inc   eax
 *     7c14 89 c3           mov   bx, ax
 *     7c16 81 e3 ff 07     and   bx, RING - 1
 *     7c1a 83 c3 08        add   bx, FIRST_SECTOR
 *     7c1d 89 1e 7d 7c     mov   [sector], bx
 *     7c21 bf 00 82        mov   di, 0x8200
 *     7c24 b9 80 00        mov   cx, 128
 *     7c27 66 ab           fill: stosd
 *     7c29 66 05 b9 79 37 9e  add eax, STEP
 *     7c2f e2 f6           loop  fill
 *     7c31 8a 1e f0 7d     mov   bl, [0x7df0]            ; bit n: write to BIOS drive 0x80 + n
 *     7c35 b2 80           mov   dl, 0x80
 *     7c37 d0 eb           drive: shr bl, 1
 *     7c39 73 15           jnc   next
 *     7c3b bf 00 06        mov   di, 0x600               ; a fresh copy: the BIOS writes into the packet
 *     7c3e be 75 7c        mov   si, packet
 *     7c41 b9 08 00        mov   cx, 8
 *     7c44 f3 a5           rep movsw
 *     7c46 be 00 06        mov   si, 0x600
 *     7c49 b8 00 43        mov   ax, 0x4300              ; extended write
 *     7c4c cd 13           int   0x13
 *     7c4e 72 1e           jc    refused
 *     7c50 fe c2           next: inc dl
 *     7c52 84 db           test  bl, bl
 *     7c54 75 e1           jnz   drive
 *     7c56 66 ff 06 00 80  inc   dword [0x8000]
 *     7c5b f6 06 00 80 0f  test  byte [0x8000], 15
 *     7c60 75 ac           jnz   record
 *     7c62 a1 6c 04        pause: mov ax, [0x46c]        ; the BIOS clock, 18.2 Hz
 *     7c65 f4              wait: hlt
 *     7c66 3b 06 6c 04     cmp   ax, [0x46c]
 *     7c6a 74 f9           je    wait
 *     7c6c eb a0           jmp   record
 *     7c6e 66 ff 06 04 80  refused: inc dword [0x8004]
 *     7c73 eb ed           jmp   pause
 *     7c75 10 00 01 00     packet: 16 bytes long, 1 sector
 *     7c79 00 82 00 00     from 0000:8200
 *     7c7d …               sector: 8 bytes
 */
const CODE = Buffer.from(
  'fafc31c08ed88ec08ed0bc007cfb66a10080664089c381e3ff0783c308891e7d7cbf0082b9800066ab6605b979379ee2f6' +
    '8a1ef07db280d0eb7315bf0006be757cb90800f3a5be0006b80043cd13721efec284db75e166ff060080f60600800f' +
    '75aca16c04f43b066c0474f9eba066ff060480ebed10000100008200000000000000000000',
  'hex',
);

/** Makes a device or file bootable, and its ring empty. Effective when the guest boots, not while it runs. */
export function installPatternGuest(device: string, { writesTo }: { writesTo: readonly number[] }): void {
  const image = Buffer.alloc((FIRST_SECTOR + RING) * SECTOR);
  assembleBootSector(CODE, writesTo).copy(image);
  const fd = openSync(device, 'r+');
  try {
    writeSync(fd, image, 0, image.length, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
