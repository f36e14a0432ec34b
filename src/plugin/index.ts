import type { Call, Reply } from './script-call';
import { tmScript } from './tm-scripts';
import { postFailure, preMigrate } from './state-hooks';
import { moveScript } from './move-script';
import { probe } from './monitoring-probe';

type Plugin = (call: Call) => Promise<Reply>;

/** Every script that OpenNebula starts, by its name below remotes/. */
export const plugins = {
  'migrate-guard': (call) => moveScript('migrate', call),
  'save-guard': (call) => moveScript('save', call),
  premigrate: (call) => tmScript('premigrate', call),
  failmigrate: (call) => tmScript('failmigrate', call),
  precheck: (call) => tmScript('precheck', call),
  'pre-migrate': (call) => preMigrate(call),
  'post-failure': (call) => postFailure(call),
  probe: (call) => probe(call),
} as const satisfies Readonly<Record<string, Plugin>>;

export function isPlugin(name: string): name is keyof typeof plugins {
  return Object.hasOwn(plugins, name);
}
