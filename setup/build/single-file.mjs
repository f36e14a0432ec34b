// One program as one file that starts fast: what V8 compiled at build time travels with it (measured: it saves a
// fifth of what a `check` takes beyond an empty node). Program, packed modules and code cache stand in one comment,
// which V8 passes over faster than a string literal, and the file is read once, by node itself: a second look at it
// costs a millisecond and could find another build in its place.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const compiler = fileURLToPath(new URL('code-cache.cjs', import.meta.url));
const [commentEnd, stand] = ['*/', '*%/'];
const functionEnd = `${commentEnd}\n}`;
/** Characters. Node's zlib takes some milliseconds to load, and as many as these a tenth of one to read. */
const worthCompressing = 40_000;

/** The file's text. `program` is CommonJS, in which `unpack(name)` gives the text of one of `packs`. */
export function singleFile(name, program, packs) {
  const source = `(function (exports, require, module, __filename, __dirname, unpack) {${program}\n})`;
  const sections = new Map([
    ['program', written(source)],
    ...[...packs].sort().map(([pack, text]) => [pack, packed(text)]),
    ['code cache', { text: '', read: fromBase64 }],
  ]);
  const linesBefore = head(sections).split('\n').length - 1;
  sections.set('code cache', { text: codeCache(name, linesBefore, ascii(source)), read: fromBase64 });
  const body = Array.from(sections.values(), ({ text }) => text).join('\n');
  return `${head(sections)}${body}${functionEnd})();\n`;
}

/** How a section stands in the comment, and the expression that makes of it what it was. */
function packed(text) {
  if (text.length < worthCompressing) return written(text);
  const inflate = (slice) => `require('node:zlib').brotliDecompressSync(${fromBase64(slice)}).toString()`;
  return { text: brotliCompressSync(text).toString('base64'), read: inflate };
}

function written(text) {
  const source = ascii(text);
  if (source.includes(stand))
    throw new Error(`the program holds "${stand}", which stands for "${commentEnd}"`);
  return {
    text: source.replaceAll(commentEnd, stand),
    read: (slice) => `${slice}.replaceAll('${stand}', '${commentEnd}')`,
  };
}

function fromBase64(slice) {
  return `Buffer.from(${slice}, 'base64')`;
}

/** One letter beyond Latin-1 would make V8 keep the file with two bytes a character. esbuild leaves them in comments. */
function ascii(text) {
  return text.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function head(sections) {
  // Counted from the end, so that what is written here does not move them.
  let before = functionEnd.length;
  const reads = {};
  for (const [name, { text, read }] of [...sections].reverse()) {
    reads[name] = read(`text.slice(-${before + text.length}, -${before})`);
    before += text.length + '\n'.length;
  }
  const { program, 'code cache': cache, ...packs } = reads;
  const lines = [
    '#!/usr/bin/env node',
    "'use strict';",
    '// In parentheses, so that V8 compiles it at once: it would read all of the comment a second time.',
    '(function start() {',
    '  const text = start.toString();',
    "  const { Script } = require('node:vm');",
    `  const program = ${program};`,
    '  // Refused by any other V8, and then the program is compiled as ever.',
    `  const cachedData = ${cache};`,
    '  const script = new Script(program, { filename: __filename, lineOffset: LINES, cachedData });',
    '  script.runInThisContext()(exports, require, module, __filename, __dirname, unpack);',
    '  function unpack(name) {',
    `    const packs = { ${Object.entries(packs)
      .map(([name, read]) => `'${name}': () => ${read}`)
      .join(', ')} };`,
    '    return packs[name]();',
    '  }',
    '/*',
  ];
  return `${lines.join('\n').replace('LINES', lines.length)}\n`;
}

/**
 * `name` is what stacks call the program. With a fixed hash seed, so that the same source gives the same bytes; in a
 * process of its own, whose flags are known.
 */
function codeCache(name, linesBefore, source) {
  const options = { input: source, env: { ...process.env, NODE_OPTIONS: '' }, maxBuffer: 2 ** 26 };
  const argv = ['--hash-seed=1', compiler, name, String(linesBefore)];
  return execFileSync(process.execPath, argv, options).toString('base64');
}
