import { Package } from './package';
import { PrivateMachine } from './private-machine';

/** A machine, and the files that are installed there. */
interface Hold {
  readonly source: Package;
  readonly machine: PrivateMachine;
}

/** A machine for all tests of a file, or one for each. Call it once, where hooks are declared. */
export function useMachine(lasting: 'all' | 'each' = 'each'): Hold {
  let source: Package | undefined;
  let machine: PrivateMachine | undefined;
  beforeAll(async () => {
    source = await Package.make();
  });
  const start = async (): Promise<void> => {
    machine = await PrivateMachine.start();
  };
  const end = async (): Promise<void> => machine?.end();
  if (lasting === 'all') {
    beforeAll(start);
    afterAll(end);
  } else {
    beforeEach(start);
    afterEach(end);
  }
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
