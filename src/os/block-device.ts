import { existsSync, readFileSync } from 'node:fs';
import { errorName } from '../core/error-name';
import { unknownOf, type Unknown } from '../core/unknown';
import { message } from '../messages';

// What sysfs reports about a block device (`major:minor`), without opening it (Documentation/ABI/stable/sysfs-block).

/** A link for each block device that the kernel has (Documentation/ABI/testing/sysfs-dev). */
const blockDevices = '/sys/dev/block';

/** Bytes; undefined if they cannot be read. sysfs counts sectors of 512 bytes for any device. */
export function deviceSize(device: string): number | undefined {
  try {
    const sectors = read(device, 'size');
    return /^[0-9]+$/.test(sectors) ? Number(sectors) * 512 : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the kernel has no such device any more, although a process may still hold it open. */
export function isDeviceGone(device: string): boolean {
  return existsSync(blockDevices) && !existsSync(`${blockDevices}/${device}`);
}

/** Whether the kernel refuses what is written to it (ioctl BLKROGET); undefined if the device is gone. */
export function isReadOnlyDevice(device: string): boolean | Unknown | undefined {
  try {
    return read(device, 'ro') !== '0';
  } catch (error) {
    return isDeviceGone(device)
      ? undefined
      : unknownOf(message('device-mode-not-read', { device, error: errorName(error) }));
  }
}

function read(device: string, attribute: 'size' | 'ro'): string {
  return readFileSync(`${blockDevices}/${device}/${attribute}`, 'latin1').trim();
}
