import { qmpCommand, type QemuAnswers } from '../../hypervisor/model/qmp';
import { objection } from '../model/preconditions';
import { isUnknown } from '../../core/unknown';
import { activate } from '../../hypervisor/qmp-client';
import { textOf } from '../../messages';
import type { Remedy } from './remedy';

/** Orders QEMU to take all its disks back, while the guest runs. */
export const cont: Remedy = async (target, reading) => {
  const { domain, virsh } = target;
  const copy = await target.copy();
  const answers = await target.answers();
  const refused = objection('cont', { ...target.situation(reading), answers, copy });
  if (refused) return refused;
  const command = (answers as QemuAnswers).inactiveNodes === undefined ? 'cont' : 'blockdev-set-active';
  const order = qmpCommand(command, command === 'cont' ? undefined : { active: true });
  return {
    commands: [`virsh qemu-monitor-command ${domain.name} '${order}'`],
    apply: async () => {
      const done = await activate(virsh, domain.uuid, answers as QemuAnswers);
      if (isUnknown(done)) return done;
      return { what: textOf('qemu-answered', { command: done.by }), activatedAll: true };
    },
  };
};
