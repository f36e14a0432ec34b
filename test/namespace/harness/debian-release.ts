import { dirname } from 'node:path';
import { type DebianRelease, debianTree } from '../../lab/harness/debian-tree';

/** Another release of Debian, in which a stage is a host. */
export interface Release {
  readonly tree: string;
  /** Directories of this machine that are visible on the host. */
  readonly shown: readonly string[];
}

/** `program`: the program that runs there. */
export async function debian(release: DebianRelease, program: string): Promise<Release> {
  return { tree: await debianTree(release), shown: [__dirname, dirname(program)] };
}
