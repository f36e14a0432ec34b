import type { Backend, BlockMemory } from '../../src/block-state/model/backend-list';
import type { Layout } from '../../src/block-state/model/memory-layout';

/** The layout of QEMU 7.2.0 as setup/qemu-7.2.0.sh builds it. */
export const layout: Layout = {
  version: 1,
  buildId: 'e699c652f74bd81203f92d4a28dc7db77ec1349d',
  binary: '/usr/bin/qemu-system-x86_64',
  symbols: { block_backends: 15722688, current_run_state: 15066712, current_migration: 15927512 },
  members: {
    'BlockBackend.link': 40,
    'BlockBackend.root': 16,
    'BlockBackend.name': 0,
    'BlockBackend.dev': 112,
    'BlockBackend.perm': 736,
    'BlockBackend.shared_perm': 744,
    'BlockBackend.disable_perm': 752,
    'BdrvChild.bs': 0,
    'BdrvChild.opaque': 32,
    'BlockDriverState.open_flags': 0,
    'BlockDriverState.node_name': 16840,
    'DeviceState.canonical_path': 48,
    'MigrationState.state': 736,
  },
  runStates: [
    'debug',
    'inmigrate',
    'internal-error',
    'io-error',
    'paused',
    'postmigrate',
    'prelaunch',
    'finish-migrate',
    'restore-vm',
    'running',
    'save-vm',
    'shutdown',
    'suspended',
    'watchdog',
    'guest-panicked',
    'colo',
  ],
  migrationStatuses: [
    'none',
    'setup',
    'cancelling',
    'cancelled',
    'active',
    'postcopy-active',
    'postcopy-paused',
    'postcopy-recover',
    'completed',
    'failed',
    'colo',
    'pre-switchover',
    'device',
    'wait-unplug',
  ],
};

export function backend(
  name: string,
  state: { stuck?: boolean; inactive?: boolean; medium?: boolean } = {},
): Backend {
  const { stuck = false, inactive = false, medium = true } = state;
  const root = { child: 0x2000, node: 0x3000, name: `${name}-format`, inactive };
  return { address: 0x1000, name, disablePerm: stuck, ...(medium ? { root } : {}) };
}

export function memory(backends: readonly Backend[], more: Partial<BlockMemory> = {}): BlockMemory {
  return { runState: 'running', migration: 'failed', backends, ...more };
}
