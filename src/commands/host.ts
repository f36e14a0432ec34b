import { createRequire } from 'node:module';
import { join } from 'node:path';
import { errorName } from '../core/error-name';
import { GuardError } from '../core/errors';
import { message } from '../messages';
import { noWords, type Command } from '../cli/command';

/** The agent (agent/run-agent.ts): another program, in the same directory, which contains no reader of command lines. */
export const hostVerb: Command = {
  name: 'host',
  words: '',
  takes: noWords,
  summary: "the agent, which OpenNebula's drivers run as root; it reads one request from its input",
  options: {},
  isBare: true,
  examples: [['migrate-guard host', 'as sudo starts it; see docs/architecture.md']],
  run: runHost,
};

export function runHost(): Promise<number> {
  return agentProgram().runAgent();
}

interface AgentProgram {
  readonly runAgent: () => Promise<number>;
}

/** Installed in the directory of this program. */
function agentProgram(): AgentProgram {
  const file = join(__dirname, 'agent.cjs');
  try {
    return createRequire(__filename)(file) as AgentProgram;
  } catch (error) {
    if (errorName(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new GuardError('undecided', message('agent-missing', { file }));
  }
}
