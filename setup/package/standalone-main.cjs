// The main script of the stand-alone executable, a Node that contains the programs. It behaves as Node if it is
// started with the path of a script (the first line of the installed program, install.sh) or with -e (the program
// that opens disks inside a namespace); otherwise it is migrate-guard.
const Module = require('node:module');
const { getAsset } = require('node:sea');

const self = process.execPath;
// yargs searches here for the program; otherwise it would read the working directory, which may be gone.
process.mainModule = Object.assign(new Module(self), { filename: self });
const [, , first, ...rest] = process.argv;
if (first === '-e') {
  const [source, ...args] = rest;
  process.argv = [self, ...args];
  new Module(self)._compile(source, '[eval]');
} else if (first?.startsWith('/')) {
  process.argv = [self, first, ...rest];
  Module.createRequire(first)(first);
} else if (first === 'host' && rest.length === 0) {
  // In other installations the agent is next to the program (src/commands/host.ts).
  process.exitCode = 2;
  load('agent.cjs')
    .runAgent()
    .then((status) => {
      process.exitCode = status;
    });
} else {
  process.argv[1] = self;
  load('migrate-guard.cjs');
}

function load(name) {
  const program = new Module(self);
  program._compile(getAsset(name, 'utf8'), self);
  return program.exports;
}
