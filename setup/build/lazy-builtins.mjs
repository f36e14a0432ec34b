// What a program imports of Node is loaded when it is first used: `node:crypto`, `node:http` and their like take
// milliseconds each, and what moves a VM needs few of them.
import { builtinModules, createRequire } from 'node:module';

const require = createRequire(import.meta.url);
/** Loaded by Node itself before any program begins. */
const loadedAnyway = [
  'node:fs',
  'node:path',
  'node:module',
  'node:vm',
  'node:util',
  'node:buffer',
  'node:events',
];

export const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/, namespace: 'file' }, ({ path, kind }) =>
      kind === 'import-statement' &&
      !loadedAnyway.includes(path) &&
      builtinModules.includes(path.slice('node:'.length))
        ? { path, namespace: 'lazy' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => ({ contents: lazily(path), loader: 'js' }));
  },
};

function lazily(name) {
  const names = Object.keys(require(name)).filter((found) => found !== 'default');
  return `
    let loaded;
    const load = () => (loaded ??= require('${name}'));
    for (const found of ${JSON.stringify(names)})
      Object.defineProperty(exports, found, { enumerable: true, get: () => load()[found] });`;
}
