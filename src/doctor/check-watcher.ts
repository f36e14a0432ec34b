import { version } from '../cli/version';
import { isFailure, type Failure } from '../core/errors';
import type { Finding } from '../core/finding';
import { message, type Message } from '../messages';
import { runCommand } from '../os/run-command';
import { readState } from '../watch/io/state-file';
import type { WatchState } from '../watch/model/state';
import { findingOf } from './finding-of';

const unit = 'migrate-guard-watch.service';

/** Whether this host is watched, if it is to be. */
export async function judgeWatcher(): Promise<Finding> {
  return judgeWatched(readState(), await isEnabled(), version());
}

/** It reads unit files only, so it works without a running systemd, too (systemctl(1), is-enabled). */
async function isEnabled(): Promise<boolean> {
  const { exit } = await runCommand(['systemctl', 'is-enabled', '--quiet', unit], {
    deadline: 10_000,
    cwd: '/',
  });
  return exit === 0;
}

export function judgeWatched(state: WatchState | Failure, isEnabled: boolean, ours: string): Finding {
  const found = findingOf('watcher');
  if (isFailure(state)) {
    const { code, what, remedy } = state;
    if (code !== 'problem') return found('unknown', what, remedy);
    if (isEnabled) return found('problem', message('watcher-enabled-not-running', { unit }));
    return { ...found('ok', message('watcher-off', { unit })), note: true };
  }
  const { pid, domains, repaired } = state;
  if (state.version !== ours)
    return found('problem', message('watcher-other-version', { pid, theirs: state.version, ours }));
  const blind = notNoticed(state);
  if (blind) return found('problem', blind);
  return found('ok', message('watcher-runs', { pid, count: Object.keys(domains).length, repaired }));
}

function notNoticed({ libvirt, mounts, logs }: WatchState): Message | undefined {
  if (!libvirt) return message('watcher-without-libvirt');
  if (!mounts) return message('watcher-without-mounts');
  return logs ? undefined : message('watcher-without-logs');
}
