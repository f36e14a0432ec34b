// The main script of the stand-alone executable, a Node that carries the program in itself. It is what Node is to
// those who start it with a script's path (the first line of the installed program, install.sh) or with -e (what
// opens disks inside a namespace); to everybody else it is migrate-guard.
const Module = require('node:module');
const { getAsset } = require('node:sea');

const self = process.execPath;
const [, , first, ...rest] = process.argv;
if (first === '-e') {
  const [source, ...args] = rest;
  process.argv = [self, ...args];
  new Module(self)._compile(source, '[eval]');
} else if (first?.startsWith('/')) {
  process.argv = [self, first, ...rest];
  Module.createRequire(first)(first);
} else {
  process.argv[1] = self;
  new Module(self)._compile(getAsset('migrate-guard.cjs', 'utf8'), self);
}
