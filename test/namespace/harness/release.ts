import { dirname, join } from 'node:path';
import { succeed } from '../../lab/harness/succeed';

const maker = join(__dirname, '../../../setup/debian-tree.sh');
/** Made once, and kept below the cache; somebody else may be making it. */
const makeDeadlineMs = 1_200_000;

/** Another release of Debian, in which a stage is a host. */
export interface Release {
  readonly tree: string;
  /** Directories of this machine that the host has, too. */
  readonly shown: readonly string[];
}

/** `program`: what is to be run there. */
export async function debian(release: 'trixie', program: string): Promise<Release> {
  const { stdout } = await succeed([maker, release], { deadline: makeDeadlineMs });
  const tree = stdout.trim().split('\n').at(-1) ?? '';
  return { tree, shown: [__dirname, dirname(program)] };
}
