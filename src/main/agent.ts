// `migrate-guard host` loads this program from its own directory (commands/host.ts).
export { runAgent } from '../agent/run-agent';
