import { objection } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import type { Remedy } from './remedy';

/** libvirt suspends the guest and resumes it at once: QEMU takes its disks back before it lets the guest run. */
export const suspendResume: Remedy = async (patient, reading) => {
  const { domain, virsh } = patient;
  const copy = await patient.copy();
  const libvirtState = await patient.libvirtState();
  const answers = isUnknown(reading) ? await patient.answers() : undefined;
  const refused = objection('suspend-resume', {
    ...patient.situation(reading),
    libvirtState,
    copy,
    ...(answers ? { answers } : {}),
  });
  if (refused) return refused;
  return {
    commands: [`virsh 'suspend --domain ${domain.uuid}; resume --domain ${domain.uuid}'`],
    apply: async () => {
      const done = await virsh.suspendAndResume(domain.uuid);
      return isUnknown(done) ? done : { what: 'the guest was suspended and resumed', activatedAll: true };
    },
  };
};
