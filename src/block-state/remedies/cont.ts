import { qmpCommand, type QemuAnswers } from '../../hypervisor/model/qmp';
import { objection } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { activate } from '../../hypervisor/qmp-client';
import type { Remedy } from './remedy';

/** QEMU is told to take all its disks back; the guest is not stopped. */
export const cont: Remedy = async (patient, reading) => {
  const { domain, virsh } = patient;
  const copy = await patient.copy();
  const answers = await patient.answers();
  const refused = objection('cont', { ...patient.situation(reading), answers, copy });
  if (refused) return refused;
  const command = (answers as QemuAnswers).inactiveNodes === undefined ? 'cont' : 'blockdev-set-active';
  const order = qmpCommand(command, command === 'cont' ? undefined : { active: true });
  return {
    commands: [`virsh qemu-monitor-command ${domain.name} '${order}'`],
    apply: async () => {
      const done = await activate(virsh, domain.uuid, answers as QemuAnswers);
      return isUnknown(done) ? done : { what: `QEMU answered ${done.by} with success`, activatedAll: true };
    },
  };
};
