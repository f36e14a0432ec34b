import type { Failure } from '../core/errors';
import { exitCodes } from '../core/exit-codes';
import { done, failed } from '../opennebula/model/hook-log';
import type { Reply } from './script-call';

/** What a hook did or found when nothing failed. `lines`: the earlier actions. */
export function hookReply(domain: string, what: string, lines = ''): Reply {
  return { exit: 0, stdout: lines + done(domain, what), stderr: '' };
}

export function failedReply(subject: string, { code, what, remedy }: Failure): Reply {
  return { exit: exitCodes[code].status, stdout: '', stderr: failed(subject, what, remedy) };
}
