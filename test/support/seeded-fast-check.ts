import fc from 'fast-check';

/**
 * The same for every run of `npm test`, so that what fails is of the change that is tested; other seeds are for
 * `npm run test:fuzz`, `test:topologies` and `test:races`, which print theirs (setup/many.mjs).
 */
export const seed = Number(process.env['MIGRATE_GUARD_SEED'] ?? 20261123);

fc.configureGlobal({ seed });

export default fc;
