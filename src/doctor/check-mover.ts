import { existsSync } from 'node:fs';
import type { Finding } from '../core/finding';
import type { Settings } from '../config/settings';
import { guards } from '../opennebula/model/vm-mad';

/** Where scripts of either place lie here: `onehost sync` brings a host's own from the same tree. */
const scripts = '/var/lib/one/remotes/vmm/kvm';

/** Whether there is what our drivers run: without it every live migration, or every save, fails. */
export function judgeMovers(root: string, { opennebula }: Settings): Finding[] {
  const check = 'mover';
  const found = (['migrate', 'save'] as const).flatMap((action): Finding[] => {
    const script = opennebula[action].replace('frontend:', '');
    const path = `${scripts}/${script}`;
    const named = `opennebula.${action} names ${opennebula[action]}`;
    const remedy = 'name the script that really moves, in /etc/migrate-guard/config.yaml';
    if (script === guards[action])
      return [{ check, state: 'problem', what: `${named}, which is the guard itself`, remedy }];
    if (existsSync(`${root}${path}`)) return [];
    return [{ check, state: 'problem', path, what: `${named}, and ${path} is not there`, remedy }];
  });
  if (found.length > 0) return found;
  return [{ check, state: 'ok', what: `the movers are ${opennebula.migrate} and ${opennebula.save}` }];
}
