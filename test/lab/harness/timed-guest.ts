import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { assembleBootSector } from './guest';
import { SECTOR } from './write-pattern';

/**
 * The timed guest: it writes its counter to sector 1 of its first drive at a chosen interval, from 1 ms on. The timer
 * wakes it, and it writes through the ports of the IDE controller (hda) without the BIOS, which under TCG takes 5 ms for
 * each write. It has counted a write when it begins it.
 *
 *     7c00 fa              cli
 *     7c01 fc              cld
 *     7c02 31 c0           xor   ax, ax
 *     7c04 8e d8           mov   ds, ax
 *     7c06 8e c0           mov   es, ax
 *     7c08 8e d0           mov   ss, ax
 *     7c0a bc 00 7c        mov   sp, 0x7c00
 *     7c0d c7 06 20 00 78 7c  mov word [0x20], tick      ; the timer's interrupt
 *     7c13 a3 22 00        mov   [0x22], ax
 *     7c16 b0 34           mov   al, 0x34                ; timer 0 counts down again and again
 *     7c18 e6 43           out   0x43, al
 *     7c1a a0 f2 7d        mov   al, [0x7df2]            ; from here, low byte, then high byte
 *     7c1d e6 40           out   0x40, al
 *     7c1f a0 f3 7d        mov   al, [0x7df3]
 *     7c22 e6 40           out   0x40, al
 *     7c24 ba f6 03        mov   dx, 0x3f6
 *     7c27 b0 02           mov   al, 2                   ; no interrupts of the disk: it is polled
 *     7c29 ee              out   dx, al
 *     7c2a fb              sti
 *     7c2b a1 f4 7d        again: mov ax, [0x7df4]       ; so many ticks from now the next write begins
 *     7c2e a3 00 06        mov   [0x600], ax
 *     7c31 66 ff 06 00 80  inc   dword [0x8000]          ; the counter, in a sector of zeros
 *     7c36 ba f7 01        mov   dx, 0x1f7
 *     7c39 ec              busy: in al, dx
 *     7c3a a8 80           test  al, 0x80
 *     7c3c 75 fb           jnz   busy
 *     7c3e 4a              dec   dx
 *     7c3f b0 e0           mov   al, 0xe0                ; the first drive, by sector number
 *     7c41 ee              out   dx, al
 *     7c42 b2 f2           mov   dl, 0xf2
 *     7c44 b0 01           mov   al, 1                   ; one sector
 *     7c46 ee              out   dx, al
 *     7c47 42              inc   dx
 *     7c48 ee              out   dx, al                  ; sector 1
 *     7c49 42              inc   dx
 *     7c4a 48              dec   ax
 *     7c4b ee              out   dx, al
 *     7c4c 42              inc   dx
 *     7c4d ee              out   dx, al
 *     7c4e b2 f7           mov   dl, 0xf7
 *     7c50 b0 30           mov   al, 0x30                ; WRITE SECTORS
 *     7c52 ee              out   dx, al
 *     7c53 ec              data: in al, dx
 *     7c54 a8 08           test  al, 8
 *     7c56 74 fb           jz    data
 *     7c58 b2 f0           mov   dl, 0xf0
 *     7c5a be 00 80        mov   si, 0x8000
 *     7c5d b9 00 01        mov   cx, 256
 *     7c60 f3 6f           rep outsw
 *     7c62 b2 f7           mov   dl, 0xf7
 *     7c64 ec              written: in al, dx
 *     7c65 a8 80           test  al, 0x80
 *     7c67 75 fb           jnz   written
 *     7c69 fa              wait: cli                     ; a tick between the question and hlt would be lost
 *     7c6a 83 3e 00 06 00  cmp   word [0x600], 0
 *     7c6f 7e 04           jle   due
 *     7c71 fb              sti
 *     7c72 f4              hlt
 *     7c73 eb f4           jmp   wait
 *     7c75 fb              due: sti
 *     7c76 eb b3           jmp   again
 *     7c78 ff 0e 00 06     tick: dec word [0x600]
 *     7c7c 50              push  ax
 *     7c7d b0 20           mov   al, 0x20                ; end of interrupt
 *     7c7f e6 20           out   0x20, al
 *     7c81 58              pop   ax
 *     7c82 cf              iret
 */
const CODE = Buffer.from(
  'fafc31c08ed88ec08ed0bc007cc7062000787ca32200b034e643a0f27de640a0f37de640baf603b002eefba1f47da300' +
    '0666ff060080baf701eca88075fb4ab0e0eeb2f2b001ee42ee4248ee42eeb2f7b030eeeca80874fbb2f0be0080b90001' +
    'f36fb2f7eca88075fbfa833e0006007e04fbf4ebf4fbebb3ff0e000650b020e62058cf',
  'hex',
);

const COUNTS_AT = 0x1f2;
const TICKS_AT = 0x1f4;
/** The timer's counts in a millisecond. */
const COUNTS_PER_MS = 1193.182;
/** It counts 16 bits, somewhat more than this. */
const LONGEST_TICK_MS = 50;

/** Makes a device bootable. Effective when the guest boots, not while it runs. */
export function installTimedGuest(device: string, intervalMs: number): void {
  const ticks = Math.ceil(intervalMs / LONGEST_TICK_MS);
  const sector = assembleBootSector(CODE, [0]);
  sector.writeUInt16LE(Math.round((COUNTS_PER_MS * intervalMs) / ticks), COUNTS_AT);
  sector.writeUInt16LE(ticks, TICKS_AT);
  const fd = openSync(device, 'r+');
  try {
    writeSync(fd, Buffer.concat([sector, Buffer.alloc(SECTOR)]));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
