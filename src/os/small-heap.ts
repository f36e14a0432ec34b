import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for new objects at its first size of 2 MiB. Short-lived data, such as the XML of each of a thousand VMs,
 * would make it grow to 32 MiB, without being faster. To be called first of all; V8 reads this flag whenever that space
 * would grow (src/heap/new-spaces.cc, SemiSpaceNewSpace::Grow).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
