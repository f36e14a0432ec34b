// The least that any program on Node takes that looks at something as another user, in a process of its own: it starts
// an empty Node with that user's id, and waits for its end.
//
// Usage: two-nodes.cjs UID
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
