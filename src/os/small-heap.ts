import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's space for new objects at the 2 MiB with which it begins. It would grow to 32 MiB with all that is read and
 * thrown away again, as the XML of each of a thousand VMs, and be no faster for it. To be called first of all; V8
 * asks for this flag whenever it would have that space grow (src/heap/new-spaces.cc, SemiSpaceNewSpace::Grow).
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
