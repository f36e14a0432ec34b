import fc from 'fast-check';

/**
 * The seed is the same for every run of `npm test`, so that a failure comes from the change under test; `npm run
 * test:fuzz`, `test:topologies` and `test:races` use other seeds, which they print (setup/many.mjs).
 */
export const seed = Number(process.env['MIGRATE_GUARD_SEED'] ?? 20261123);

fc.configureGlobal({ seed });

export default fc;
