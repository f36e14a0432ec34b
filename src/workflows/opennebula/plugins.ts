import { exitCodes } from '../../core/exit-codes';
import { readMoveRequest, type MoveRequest } from '../../opennebula/move-request';
import { failure } from '../../opennebula/vm-log';
import { readForDriver, type Call, type Reply } from './call';
import { drive, unguarded } from './drive';
import { failMigrate, premigrate } from './datastore-driver';
import { postFailure, preMigrate } from './hooks';
import { probe } from './probe';

type Plugin = (call: Call) => Promise<Reply>;

/** Every script that OpenNebula starts, by its name below remotes/. */
export const plugins = {
  'migrate-guard': (call) => moveScript('migrate', call),
  'save-guard': (call) => moveScript('save', call),
  premigrate: (call) => premigrate(call),
  failmigrate: (call) => failMigrate(call),
  'pre-migrate': (call) => preMigrate(call),
  'post-failure': (call) => postFailure(call),
  probe: (call) => probe(call),
} as const satisfies Readonly<Record<string, Plugin>>;

export function isPlugin(name: string): name is keyof typeof plugins {
  return Object.hasOwn(plugins, name);
}

async function moveScript(
  action: MoveRequest['action'],
  { args, input, place, version }: Call,
): Promise<Reply> {
  const request = readMoveRequest(action, args, input);
  if (typeof request === 'string') {
    const remedy = 'OpenNebula starts this script; see docs/opennebula.md';
    return { exit: 64, stdout: '', stderr: failure(action, request, remedy) };
  }
  const configured = await readForDriver(['opennebula', 'policy']);
  if ('refused' in configured) {
    const { refused, remedy } = configured;
    const stderr = failure(request.deployId, refused, remedy);
    return { exit: exitCodes.undecided.status, stdout: '', stderr };
  }
  const { settings, broken } = configured;
  const mover = settings.opennebula[action];
  if (mover.replace('frontend:', '') === place.script) {
    const what = `opennebula.${action} names ${mover}, which is this very script`;
    const remedy = 'name the script that really moves, in /etc/migrate-guard/config.yaml';
    return { exit: 64, stdout: '', stderr: failure(request.deployId, what, remedy) };
  }
  const options = { settings, place, version };
  return broken === undefined ? drive(request, options) : unguarded(request, options, broken);
}
