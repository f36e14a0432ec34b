import {
  describeEntry,
  isWarning,
  isWorthReporting,
  type RecordEntry,
  type RecordedAction,
} from '../opennebula/model/record';
import { errorName } from '../core/error-name';
import { describeInvalidMode, type GuardMode } from '../opennebula/model/guard-mode';
import { readHookReport, readLogReport } from '../opennebula/model/script-report';
import { harmless } from '../opennebula/model/template-value';
import { textOf } from '../messages';
import { keepEntry } from '../opennebula/record-file';
import { toSyslog } from '../os/syslog';
import { appendToUserTemplate } from '../opennebula/user-template';
import type { DriverPlace, Reply } from './script-call';

/** The call of a script that is recorded. */
interface Subject {
  readonly action: RecordedAction;
  readonly vmId: string;
  readonly domain: string;
  readonly source: string;
  readonly destination?: string | undefined;
  readonly guardMode: GuardMode;
  /** Whether the VM's USER_TEMPLATE may be changed, and whether it already holds the last thing done. */
  readonly mayChangeTemplate: boolean;
  readonly hasLastAttribute: boolean;
}

/** Characters of MIGRATE_GUARD_LAST. */
const maxAttributeChars = 300;

/**
 * Records all that a script reports, because oned drops the output of a driver that succeeds (CommandManager.rb,
 * run): first in the front-end's own record, then in syslog and, where there is something to report, in the VM's
 * USER_TEMPLATE. The last two are not waited for, and none of this changes how the script ends.
 */
export function keepRecord(subject: Subject, reply: Reply, { records }: DriverPlace): void {
  if (reply.note?.guard === 'not-needed') return;
  try {
    const entry = entryOf(subject, reply, new Date());
    const hasNumber = /^[0-9]{1,10}$/.test(subject.vmId);
    const reported = `VM ${subject.vmId}: ${describeEntry(entry)}`;
    const lost = records !== undefined && hasNumber ? keepEntry(records, entry) : undefined;
    toSyslog(isWarning(entry) ? 'warning' : 'notice', reported);
    if (lost !== undefined) toSyslog('warning', `VM ${subject.vmId}: ${lost}`);
    if (records === undefined || !hasNumber || lost !== undefined || !subject.mayChangeTemplate) return;
    // A healthy move is not reported, unless an older report is there and would be taken for it.
    if (isWorthReporting(entry) || subject.hasLastAttribute)
      appendToUserTemplate(records, entry.vmId, attributeOf(entry));
  } catch (error) {
    toSyslog('warning', `VM ${subject.vmId}: ${textOf('not-recorded', { error: errorName(error) })}`);
  }
}

function attributeOf(entry: RecordEntry): string {
  const reported = `${entry.time.slice(0, 19)}Z ${describeEntry(entry)}`;
  return `MIGRATE_GUARD_LAST="${harmless(reported, maxAttributeChars)}"\n`;
}

function entryOf(subject: Subject, reply: Reply, now: Date): RecordEntry {
  const { action, vmId, domain, source, destination, guardMode } = subject;
  const { exit, stdout, stderr, note, moverStderr } = reply;
  const names = [domain, `one-${vmId}`, `VM ${vmId}`].flatMap((name) => [name, `${name} on ${source}`]);
  const isHook = action === 'pre-migrate' || action === 'post-failure';
  const report = isHook ? readHookReport(stdout, stderr, exit === 0, names) : readLogReport(stderr, names);
  // The record of a hook has no place for warnings.
  const invalid = guardMode.invalid === undefined ? undefined : describeInvalidMode(guardMode.invalid);
  return {
    ...{ vmId: Number(vmId), domain, action, source, destination: destination ?? null, exit },
    time: now.toISOString(),
    guard: note?.guard === 'could-not-run' || note?.guard === 'off' ? note.guard : 'ran',
    why: note?.guard === 'could-not-run' ? note.why : null,
    mode: guardMode.mode === 'guard' ? null : guardMode.mode,
    result: resultOf(subject, reply),
    ...report,
    mover: (moverStderr ?? '').split('\n').filter((line) => line.trim() !== ''),
    warnings:
      invalid === undefined || report.warnings.includes(invalid)
        ? report.warnings
        : [...report.warnings, invalid],
  };
}

/** A script that decides whether a VM is moved has refused if the mover has not run. */
function resultOf({ action }: Subject, { exit, moverStderr }: Reply): RecordEntry['result'] {
  if (exit === 0) return 'done';
  const decides =
    action === 'migrate' || action === 'save' || action === 'premigrate' || action === 'precheck';
  return decides && moverStderr === undefined ? 'refused' : 'failed';
}
