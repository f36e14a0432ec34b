// npm run demo [-- --affected-qemu]: prepares what is missing and replays the incident on real VMs (demo/incident.ts).
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepareAffectedQemu, prepareBuild, prepareNode, preparePackages, root } from './prepare.mjs';

const options = process.argv.slice(2);

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

if (process.getuid() !== 0) {
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
