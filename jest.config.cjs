const { randomUUID } = require('node:crypto');
const { existsSync, mkdirSync, renameSync } = require('node:fs');
const { homedir } = require('node:os');
const { join } = require('node:path');
const { buildSync } = require('esbuild');

/**
 * execa is only an ES module, and jest's own loader cannot require() one: jest gets the same code as one CommonJS
 * file. The file is below node_modules, so that it is removed together with the packages.
 */
function commonJsExeca() {
  const { version } = JSON.parse(
    require('node:fs').readFileSync(join(__dirname, 'node_modules/execa/package.json'), 'utf8'),
  );
  const folder = join(__dirname, 'node_modules/.cache/migrate-guard');
  const file = join(folder, `execa-${version}.cjs`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    const outfile = `${file}.${randomUUID()}`;
    buildSync({
      absWorkingDir: __dirname,
      stdin: { contents: "export * from 'execa'", resolveDir: __dirname },
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
    });
    renameSync(outfile, file);
  }
  return file;
}

const execa = commonJsExeca();

/**
 * The cache is not in the temporary directory, because each run has another one; nor in another user's cache, where
 * jest could not write.
 */
const cacheDirectory =
  process.getuid() === 0
    ? join(__dirname, 'node_modules/.cache/migrate-guard/jest')
    : join(homedir(), '.cache/migrate-guard/jest');

/** Tiers that need root: they only run where they can do no harm. */
const isolated = ['namespace', 'qemu', 'lab', 'releases', 'readers'];

const project = (tier) => ({
  displayName: tier,
  rootDir: __dirname,
  cacheDirectory,
  ...(isolated.includes(tier) ? { globalSetup: join(__dirname, 'setup/isolation/required.cjs') } : {}),
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${tier}/**/*.test.ts`],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  moduleNameMapper: { '^execa$': execa },
  transform: {
    '\\.(css|client\\.js)$': join(__dirname, 'setup/build/text.cjs'),
    '\\.child\\.ts$': join(__dirname, 'setup/build/child-program.cjs'),
    '\\.ts$': join(__dirname, 'setup/build/typescript.cjs'),
  },
});

/** The tiers, the fastest first. */
module.exports = {
  projects: ['unit', 'namespace', 'qemu', 'lab', 'releases', 'readers', 'bundle'].map(project),
  testSequencer: './setup/test-runner/sequencer.cjs',
  // The limit ends tests that hang; it does not measure the speed of a machine.
  testTimeout: 600_000,
};
