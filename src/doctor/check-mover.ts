import { existsSync } from 'node:fs';
import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { message } from '../messages';
import { guards } from '../opennebula/model/vm-mad';

/** Where scripts of either place lie here: `onehost sync` brings a host's own from the same tree. */
const scripts = '/var/lib/one/remotes/vmm/kvm';

/** Whether the movers exist that our drivers run: without them every live migration, or every save, fails. */
export function judgeMovers(root: string, { opennebula }: Settings): Finding[] {
  const check = 'mover';
  const found = (['migrate', 'save'] as const).flatMap((action): Finding[] => {
    const script = opennebula[action].replace('frontend:', '');
    const path = `${scripts}/${script}`;
    const named = { action, mover: opennebula[action] };
    if (script === guards[action]) return [{ check, state: 'problem', ...message('mover-is-guard', named) }];
    if (existsSync(`${root}${path}`)) return [];
    return [{ check, state: 'problem', path, ...message('mover-missing', { ...named, path }) }];
  });
  if (found.length > 0) return found;
  return [
    { check, state: 'ok', ...message('movers', { migrate: opennebula.migrate, save: opennebula.save }) },
  ];
}
