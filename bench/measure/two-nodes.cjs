// The least time that a Node program needs to look at something as another user in a separate process: it starts an
// empty Node with that user's id and waits until it ends. Usage: two-nodes.cjs UID
'use strict';
const { spawn } = require('node:child_process');

const [, , uid] = process.argv;
const options = [
  `--reuid=${uid}`,
  `--regid=${uid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
];
spawn('setpriv', [...options, '--', process.execPath, '-e', '0'], { stdio: 'ignore' }).on(
  'close',
  (status) => (process.exitCode = status),
);
