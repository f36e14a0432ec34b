import { objection } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { textOf } from '../../messages';
import type { Remedy } from './remedy';

/** Has libvirt suspend the guest and resume it at once: QEMU takes its disks back before it lets the guest run. */
export const suspendResume: Remedy = async (target, reading) => {
  const { domain, virsh } = target;
  const copy = await target.copy();
  const libvirtState = await target.libvirtState();
  const answers = isUnknown(reading) ? await target.answers() : undefined;
  const refused = objection('suspend-resume', {
    ...target.situation(reading),
    libvirtState,
    copy,
    ...(answers ? { answers } : {}),
  });
  if (refused) return refused;
  return {
    commands: [`virsh 'suspend --domain ${domain.uuid}; resume --domain ${domain.uuid}'`],
    apply: async () => {
      const done = await virsh.suspendAndResume(domain.uuid);
      return isUnknown(done) ? done : { what: textOf('suspended-and-resumed'), activatedAll: true };
    },
  };
};
