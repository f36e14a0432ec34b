import type { Verb } from '../verb';
import { checkVerb } from './check';
import { explainVerb } from './explain';
import { relinkVerb } from './relink';
import { repairVerb } from './repair';

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [checkVerb, explainVerb, repairVerb, relinkVerb];
