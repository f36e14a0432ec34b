import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { succeed } from './succeed';

const SECTOR = 512;
const DRIVES_AT = 0x1f0;

/** The address of the guest's counter in its physical memory. */
export const COUNTER_ADDRESS = 0x8000;

/**
 * The counting guest: it counts 18 times a second at most, and at every fourth count it writes the counter to sector 1
 * of the selected drives. It does not write more often, because under TCG a write by the BIOS takes about 5 ms of a
 * processor that the tests need.
 *
 *     7c00 fa              cli
 *     7c01 fc              cld
 *     7c02 31 c0           xor   ax, ax
 *     7c04 8e d8           mov   ds, ax
 *     7c06 8e c0           mov   es, ax
 *     7c08 8e d0           mov   ss, ax
 *     7c0a bc 00 7c        mov   sp, 0x7c00
 *     7c0d fb              sti
 *     7c0e 66 ff 06 00 80  again: inc dword [0x8000]     ; the counter, in a sector of zeros
 *     7c13 f6 06 00 80 03  test  byte [0x8000], 3
 *     7c18 75 23           jnz   pause
 *     7c1a 8a 1e f0 7d     mov   bl, [0x7df0]            ; bit n: write to BIOS drive 0x80 + n
 *     7c1e b2 80           mov   dl, 0x80
 *     7c20 d0 eb           drive: shr bl, 1
 *     7c22 73 13           jnc   next
 *     7c24 bf 00 06        mov   di, 0x600               ; a fresh copy: the BIOS writes into the packet
 *     7c27 be 49 7c        mov   si, packet
 *     7c2a b9 08 00        mov   cx, 8
 *     7c2d f3 a5           rep movsw
 *     7c2f be 00 06        mov   si, 0x600
 *     7c32 b8 00 43        mov   ax, 0x4300              ; extended write; a drive that refuses is passed over
 *     7c35 cd 13           int   0x13
 *     7c37 fe c2           next: inc dl
 *     7c39 84 db           test  bl, bl
 *     7c3b 75 e3           jnz   drive
 *     7c3d a1 6c 04        pause: mov ax, [0x46c]        ; the BIOS clock, 18.2 Hz
 *     7c40 f4              wait: hlt
 *     7c41 3b 06 6c 04     cmp   ax, [0x46c]
 *     7c45 74 f9           je    wait
 *     7c47 eb c5           jmp   again
 *     7c49 10 00 01 00     packet: 16 bytes long, 1 sector
 *     7c4d 00 80 00 00     from 0000:8000
 *     7c51 01 00 …         to sector 1
 */
const CODE = Buffer.from(
  'fafc31c08ed88ec08ed0bc007cfb66ff060080f60600800375238a1ef07db280d0eb7313bf0006be497cb90800f3a5' +
    'be0006b80043cd13fec284db75e3a16c04f43b066c0474f9ebc510000100008000000100000000000000',
  'hex',
);

/** @param writesTo the drives, counted from 0 in boot order, to which the guest writes its counter */
function bootSector(writesTo: readonly number[]): Buffer {
  return assembleBootSector(CODE, writesTo);
}

/** @param code reads at 0x7df0 which drives it must write to */
export function assembleBootSector(code: Buffer, writesTo: readonly number[]): Buffer {
  const sector = Buffer.alloc(SECTOR);
  code.copy(sector);
  sector[DRIVES_AT] = writesTo.reduce((mask, drive) => mask | (1 << drive), 0);
  sector.writeUInt16LE(0xaa55, SECTOR - 2);
  return sector;
}

/** Makes a device or file bootable. Effective when the guest boots, not while it runs. */
export function installGuest(device: string, { writesTo }: { writesTo: readonly number[] }): void {
  const fd = openSync(device, 'r+');
  try {
    writeSync(fd, Buffer.concat([bootSector(writesTo), Buffer.alloc(SECTOR)]), 0, 2 * SECTOR, 0);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes a device or a file a bootable qcow2 image of 1 MiB. */
export async function installQcow2Guest(
  device: string,
  options: { writesTo: readonly number[] },
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-image-'));
  try {
    const raw = join(directory, 'raw');
    writeFileSync(raw, '');
    truncateSync(raw, 1024 * 1024);
    installGuest(raw, options);
    await succeed(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, device]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The counter that the guest wrote last to this disk. The read uses direct I/O, because QEMU writes past the page
 * cache.
 */
export async function readCounter(device: string): Promise<number> {
  const dd = ['iflag=direct', 'bs=512', 'skip=1', 'count=1', 'status=none'];
  const { stdout } = await promisify(execFile)('dd', [`if=${device}`, ...dd], {
    encoding: 'buffer',
    timeout: 10_000,
  });
  if (stdout.length !== SECTOR) throw new Error(`${device}: read ${stdout.length} bytes of sector 1`);
  return stdout.readUInt32LE(0);
}
