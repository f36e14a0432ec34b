// Arguments: what stacks call a script, and how many lines stand before it in its file. stdin: its source.
// stdout: what V8 makes of it, all functions compiled.
const { readFileSync, writeSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const source = readFileSync(0, 'utf8');
setFlagsFromString('--no-lazy');
const [, , filename, linesBefore] = process.argv;
const script = new Script(source, { filename, lineOffset: Number(linesBefore) });
// V8 refuses a cache that was made under other flags than those of the process that reads it.
setFlagsFromString('--lazy');
setFlagsFromString('--hash-seed=0');
const cache = script.createCachedData();
for (let at = 0; at < cache.length;) at += writeSync(1, cache, at);
