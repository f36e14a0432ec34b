import { Package } from './package';
import { PrivateMachine } from './private-machine';

/** A machine for each test of a file, and what is installed there. */
interface Hold {
  readonly source: Package;
  readonly machine: PrivateMachine;
}

/** Call it once, where hooks are declared. */
export function useMachine(): Hold {
  let source: Package | undefined;
  let machine: PrivateMachine | undefined;
  beforeAll(async () => {
    source = await Package.make();
  });
  beforeEach(async () => {
    machine = await PrivateMachine.start();
  });
  afterEach(() => machine?.end());
  afterAll(() => source?.remove());
  return {
    get source() {
      if (!source) throw new Error('the package was not made');
      return source;
    },
    get machine() {
      if (!machine) throw new Error('the machine was not started');
      return machine;
    },
  };
}
