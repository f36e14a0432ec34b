import { readFileSync } from 'node:fs';

/** Bytes of a block device (`major:minor`), without opening it. sysfs counts sectors of 512 bytes for any device. */
export function deviceSize(device: string): number | undefined {
  try {
    const sectors = readFileSync(`/sys/dev/block/${device}/size`, 'latin1').trim();
    return /^[0-9]+$/.test(sectors) ? Number(sectors) * 512 : undefined;
  } catch {
    return undefined;
  }
}
