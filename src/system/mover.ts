import { spawn } from 'node:child_process';

/** Milliseconds in which what a mover wrote arrives after its end. */
const outputGrace = 1000;

/** The program that really moves or saves a domain. */
export interface Mover {
  /** Its name in messages and results. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly input?: string;
}

export interface Moved {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a mover to its end; there is no deadline, since a live migration takes as long as it takes. It runs in a
 * group of its own: Ctrl-C on the terminal reaches only us, and we ask libvirt to end its job.
 */
export function runMover({ argv: [file, ...args], input }: Mover): Promise<Moved> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: '/', env: { ...process.env, LC_ALL: 'C' }, detached: true });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.on('error', ({ message }) => resolve({ exit: 127, stdout, stderr: `${stderr}${message}\n` }));
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    // A process that the mover left behind may hold its output open for ever; the mover's own end counts.
    child.on('exit', (exit) => {
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ exit, stdout, stderr });
      }, outputGrace).unref();
    });
    child.stdin.end(input ?? '');
  });
}
