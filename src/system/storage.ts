import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseMounts } from '../core/mounts';

/** File systems whose server can be gone: the first look at one then never comes back, and cannot be interrupted. */
const remote = /^(nfs|cifs|smb|ceph|fuse|gluster|lustre|gpfs|ocfs|gfs|9p|afs|beegfs)/;
const deadline = 5_000;

let asked: Promise<readonly string[]> | undefined;
let dead: readonly string[] = [];

/** Where storage is mounted that does not answer; asked once, by children that may be left behind. */
function deadMounts(): Promise<readonly string[]> {
  asked ??= askAll();
  return asked;
}

async function askAll(): Promise<readonly string[]> {
  const mounts = parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const paths = new Set(mounts.filter(({ fileSystem }) => remote.test(fileSystem)).map(({ path }) => path));
  const silent = await Promise.all([...paths].map(async (path) => ((await answers(path)) ? [] : [path])));
  dead = silent.flat();
  return dead;
}

/** The dead storage on which a path lies, as far as it has been asked for: what must not be looked at. */
export function deadMountOf(path: string): string | undefined {
  return dead.find((mount) => path === mount || path.startsWith(`${mount}/`));
}

/** The first of these paths, or of what a process has open, that lies on dead storage. Reads names, never files. */
export async function onDeadMount(paths: readonly string[], process: string): Promise<string | undefined> {
  if ((await deadMounts()).length === 0) return undefined;
  const open = readdirSync(`${process}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`${process}/fd/${name}`)];
    } catch {
      return [];
    }
  });
  const normal = paths.map((path) => path.replace(/\/+/g, '/'));
  for (const path of [...normal, ...open]) {
    const mount = deadMountOf(path);
    if (mount !== undefined) return mount;
  }
  return undefined;
}

async function answers(path: string): Promise<boolean> {
  // Loaded here, because on most hosts nothing is asked, and it costs a tenth of a check.
  const { spawn } = await import('node:child_process');
  return new Promise((resolve) => {
    const child = spawn('stat', ['--file-system', '--format=', '--', path], { stdio: 'ignore', cwd: '/' });
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      resolve(false);
    }, deadline);
    const end = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    child.on('exit', end).on('error', end);
  });
}
