import { createRequire } from 'node:module';
import { join } from 'node:path';
import { errorName, GuardError } from '../core/errors';
import { noWords, type Command } from '../cli/command';

/** The agent (agent/run-agent.ts). It is a program of its own beside this one, so that it holds nothing that reads a command line. */
export const hostVerb: Command = {
  name: 'host',
  words: '',
  takes: noWords,
  summary: "what OpenNebula's drivers run here as root; it reads one request from its input",
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

/** It is installed, and built, in the directory of this program. */
function agentProgram(): AgentProgram {
  const file = join(__dirname, 'agent.cjs');
  try {
    return createRequire(__filename)(file) as AgentProgram;
  } catch (error) {
    if (errorName(error) !== 'MODULE_NOT_FOUND') throw error;
    const what = `${file} is not there: this command was copied alone, and the agent is another program`;
    throw new GuardError('undecided', what, 'run install.sh host on this host');
  }
}
