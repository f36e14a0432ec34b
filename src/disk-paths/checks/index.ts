import { domainPersistent } from './domain-persistent';
import { guestNotResumed } from './guest-not-resumed';
import type { Check } from './check-type';
import { destinationPaths } from './destination-paths';
import { diskAccess } from './disk-access';
import { diskDevice } from './disk-device';
import { diskLink } from './disk-link';
import { diskName } from './disk-name';
import { diskOpen } from './disk-open';
import { diskPath } from './disk-path';
import { diskSize } from './disk-size';
import { diskTop } from './disk-top';
import { diskWritable } from './disk-writable';

/** Every check, in the order in which its findings are shown. */
export const checks: readonly Check[] = [
  diskPath,
  diskLink,
  diskDevice,
  diskAccess,
  diskOpen,
  diskWritable,
  diskName,
  diskTop,
  diskSize,
  destinationPaths,
  domainPersistent,
];

/** The same, where the block state is not inspected as well. */
export const checksWithoutInspection: readonly Check[] = [...checks, guestNotResumed];
