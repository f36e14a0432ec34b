import type { Command } from '../cli/command';
import { auditVerb } from './audit';
import { checkVerb } from './check';
import { completionVerb } from './completion';
import { doctorVerb } from './doctor';
import { explainVerb } from './explain';
import { hookVerb } from './hook';
import { hostVerb } from './host';
import { inspectVerb } from './inspect';
import { layoutVerb } from './layout';
import { migrateVerb, saveVerb } from './migrate';
import { relinkVerb } from './relink';
import { repairVerb } from './repair';
import { resetVerb } from './reset';
import { watchVerb } from './watch';

/** Every verb, in the order of the help. */
export const verbs: readonly Command[] = [
  checkVerb,
  explainVerb,
  repairVerb,
  inspectVerb,
  resetVerb,
  migrateVerb,
  saveVerb,
  relinkVerb,
  auditVerb,
  watchVerb,
  layoutVerb,
  doctorVerb,
  hookVerb,
  completionVerb,
  hostVerb,
];
