// `migrate-guard host` loads this program from its own directory (cli/verbs/host.ts).
export { runAgent } from '../cli/agent';
