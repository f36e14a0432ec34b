// Replays, on real VMs, the incident that migrate-guard protects against, and describes each event as it happens.
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { oneHost } from './one-host';
import { twoHosts } from './two-hosts';
import { watchedHosts } from './watched-hosts';
import { Narrator } from './story/narrator';
import { type Act, Story, WrongTurn } from './story/story';

// setup/demo.mjs has checked the options.
const options = process.argv.slice(2);
const emulator = options.includes('--affected-qemu') ? 'affected' : 'debian';
const acts: readonly Act[] = options.includes('--watch') ? [watchedHosts] : [oneHost, twoHosts(emulator)];

async function main(): Promise<void> {
  const narrator = new Narrator();
  const story = new Story(narrator);
  const ending = new AbortController();
  // A terminal signals all its processes, and npm forwards the signal to its children: only the first one counts.
  const stop = (status: number): void => {
    if (ending.signal.aborted) return;
    ending.abort();
    void story.clean().finally(() => process.exit(status));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!ending.signal.aborted) narrator.failure('interrupted: everything is taken down');
      stop(128 + constants.signals[signal]);
    });
  }
  // A reader that closed its pipe (`npm run demo | head`) must not leave a VM behind.
  process.stdout.on('error', () => stop(1));

  narrator.title(
    `migrate-guard on real VMs: libvirt ${versionOf('libvirtd')}, QEMU ${versionOf('qemu-system-x86_64')}`,
  );
  try {
    for (const [index, act] of acts.entries()) {
      if (acts.length > 1) narrator.title(`\nAct ${index + 1}: ${act.title}`);
      else narrator.title(act.title);
      await act.play(story);
      await story.clean();
    }
    narrator.scene(
      `The story went as told, in ${narrator.seconds} s; nothing of it is left on this machine.`,
    );
  } catch (error) {
    // Everything that was still running when the demo was stopped had to fail.
    if (ending.signal.aborted) return;
    narrator.failure(
      error instanceof WrongTurn ? `The story did not go as told: ${error.message}` : explain(error),
    );
    process.exitCode = 1;
    await story.clean();
  }
}

function explain(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function versionOf(binary: string): string {
  return /\d+(?:\.\d+)+/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' }))?.[0] ?? '?';
}

void main();
