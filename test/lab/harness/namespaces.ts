import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Namespaces {
  /** The pid of the first process inside, on the real machine; when it dies, everything inside dies. */
  readonly pid: number;
  /** Returns when the last process inside is gone. Idempotent. */
  end(): Promise<void>;
}

interface NamespacesSettings {
  readonly name: string;
  /**
   * A script of this folder, and its arguments. It becomes the first process, and prints "ready PID" when everything
   * is set up.
   */
  readonly init: readonly [script: string, ...args: string[]];
  /** A command before the script (`inTree`). */
  readonly under?: readonly string[];
  /** A process of the real machine whose file trees are the starting point. Default: this one. */
  readonly from?: number;
}

const START_DEADLINE = 120_000;

/**
 * Starts a set of namespaces. Every link of the chain node → unshare → first process dies with the one before, so a
 * killed test leaves no process.
 */
export async function startNamespaces({
  name,
  init,
  under = [],
  from,
}: NamespacesSettings): Promise<Namespaces> {
  const [script, ...parameters] = init;
  // nsenter does not fork for a mount namespace, so it adds no link.
  const enter = from === undefined ? [] : ['nsenter', '--target', String(from), '--mount', '--wdns=/', '--'];
  const unshare = ['unshare', '--mount', '--uts', '--ipc', '--net', '--pid', '--fork', '--kill-child'];
  const first = ['--propagation', 'private', ...under, 'sh', join(__dirname, script), ...parameters];
  const args = ['--pdeathsig', 'KILL', ...enter, ...unshare, ...first];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close');
  try {
    const pid = await readPid(child, name);
    child.stderr.destroy();
    child.unref();
    return { pid, end: () => end(child, pid, exited) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function readPid(child: ChildProcess, name: string): Promise<number> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE);
  try {
    if (child.stdout === null) throw new Error('no stdout');
    for await (const line of createInterface({ input: child.stdout })) {
      const ready = /^ready (\d+)$/.exec(line);
      if (ready) return Number(ready[1]);
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    throw new Error(
      `host ${name} did not start (exit status ${child.exitCode ?? child.signalCode}):\n${said.trim()}`,
    );
  } finally {
    clearTimeout(deadline);
  }
}

async function end(child: ChildProcess, pid: number, exited: Promise<unknown>): Promise<void> {
  // unshare reaps the first process only when it exits itself, so until then the pid still belongs to that process.
  if (child.exitCode === null && child.signalCode === null) {
    child.ref();
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process has just ended; unshare will exit at once.
    }
  }
  await exited;
}
