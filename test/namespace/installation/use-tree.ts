import type { CommandResult } from '../../../src/os/run-command';
import { MachineTree } from './machine-tree';
import { Package } from './package';

/** The files of a machine for each test of a file, and what install.sh does to them. */
interface Hold {
  readonly source: Package;
  readonly tree: MachineTree;
  readonly install: (...argv: readonly string[]) => Promise<CommandResult>;
  /** Without a complaint; gives what it printed. */
  readonly done: (...argv: readonly string[]) => Promise<string>;
}

/** Call it once, where hooks are declared. */
export function useTree(): Hold {
  let source: Package | undefined;
  let tree: MachineTree | undefined;
  beforeAll(async () => {
    source = await Package.make();
  });
  beforeEach(() => {
    tree = new MachineTree();
  });
  afterEach(() => tree?.remove());
  afterAll(() => source?.remove());

  const hold: Hold = {
    get source() {
      if (!source) throw new Error('the package was not made');
      return source;
    },
    get tree() {
      if (!tree) throw new Error('the tree was not made');
      return tree;
    },
    install: (...argv) => hold.source.install(...argv, '--root', hold.tree.root),
    async done(...argv) {
      const { exit, stdout, stderr } = await hold.install(...argv);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
      return stdout;
    },
  };
  return hold;
}
