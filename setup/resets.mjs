// npm run test:resets: every set of broken disks among one to four, with every reset; npm test runs a selection.
import { runTier } from './test-runner/tier.mjs';

process.env.MIGRATE_GUARD_RESETS = 'all';
const { passed, failed } = await runTier({ tier: 'qemu' }, { patterns: ['qemu/block-state/reset-matrix'] });
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
