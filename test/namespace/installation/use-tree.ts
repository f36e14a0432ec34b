import type { CommandResult } from '../../../src/os/run-command';
import { MachineTree } from './machine-tree';
import { Package } from './package';

/** The files of a machine for each test of a file, and the runs of install.sh on them. */
interface Hold {
  readonly source: Package;
  readonly tree: MachineTree;
  readonly install: (...argv: readonly string[]) => Promise<CommandResult>;
  /**
   * Runs it and expects success without a warning.
   * @returns its output
   */
  readonly done: (...argv: readonly string[]) => Promise<string>;
  /**
   * Gives the test the tree that results from these runs of install.sh on a new one: they run once for all tests of
   * the file.
   */
  readonly installed: (...runs: readonly (readonly string[])[]) => Promise<void>;
}

/** Call it once, where hooks are declared. */
export function useTree(): Hold {
  let source: Package | undefined;
  let tree: MachineTree | undefined;
  const templates = new Map<string, MachineTree>();
  beforeAll(async () => {
    source = await Package.make();
  });
  beforeEach(() => {
    tree = new MachineTree();
  });
  afterEach(() => tree?.remove());
  afterAll(() => {
    source?.remove();
    for (const template of templates.values()) template.remove();
  });

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
    async installed(...runs) {
      const key = JSON.stringify(runs);
      if (!templates.has(key)) {
        for (const argv of runs) await hold.done(...argv);
        templates.set(key, new MachineTree(hold.tree));
        return;
      }
      tree?.remove();
      tree = new MachineTree(templates.get(key));
    },
  };
  return hold;
}
