import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { keepHeapSmall } from '../os/small-heap';
import type * as AgentProgram from './agent';

// What install.sh installs as the program. Every move and every probe of a host starts `migrate-guard host`, which is the
// agent: Node takes longer to read the admin's command than the agent takes to answer, so only one of the two is read.
const read = createRequire(__filename);
const agent = join(__dirname, 'agent.cjs');
const [first, ...more] = process.argv.slice(2);

// Without the agent next to it, the admin's command reports what is missing (src/commands/host.ts).
if (first === 'host' && more.length === 0 && existsSync(agent)) {
  keepHeapSmall();
  // Exit 2 (undecided) if the event loop drains before the agent has answered.
  process.exitCode = 2;
  const { runAgent } = read(agent) as typeof AgentProgram;
  void runAgent().then((status) => {
    process.exitCode = status;
  });
} else {
  read('./migrate-guard.cjs');
}
