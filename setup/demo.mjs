// npm run demo [-- --affected-qemu | --watch]: prepares what is missing and replays the incident on real VMs, or shows
// what the watcher changes (demo/incident.ts).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareAffectedQemu, prepareBuild, prepareNode, preparePackages, root } from './prepare.mjs';

const options = process.argv.slice(2);
const usage = `usage: npm run demo [-- --affected-qemu | --watch]
  --affected-qemu  with QEMU 7.2.0, which has the bug and is built first
  --watch          two hosts with migrate-guard watch: after a storage update every VM still moves`;

/** @returns the exit status of options that are not played; undefined for those that are */
function statusOfOptions() {
  const flag = { type: 'boolean' };
  try {
    const { values } = parseArgs({ options: { 'affected-qemu': flag, watch: flag, help: flag } });
    if (values.help) {
      console.log(usage);
      return 0;
    }
    if (values.watch && values['affected-qemu']) throw new Error('the options exclude each other');
    return undefined;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    return 64;
  }
}

function prepare() {
  prepareNode();
  preparePackages(['qemu', 'lab']);
  prepareBuild();
  if (options.includes('--affected-qemu')) prepareAffectedQemu();
}

function play() {
  const args = ['-r', 'ts-node/register/transpile-only', join(root, 'demo/incident.ts'), ...options];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // The demo cleans up when it is interrupted: it must get the signal, and this program must wait for it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`the demo did not start: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('close', (status) => {
    process.exitCode = status ?? 1;
  });
}

const status = statusOfOptions();
if (status !== undefined) {
  process.exitCode = status;
} else if (process.getuid() !== 0) {
  console.error('the demo needs root: it makes namespaces, loop devices and a virtual machine');
  process.exitCode = 77;
} else {
  try {
    prepare();
    play();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
