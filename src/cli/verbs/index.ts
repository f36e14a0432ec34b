import type { Verb } from '../verb';
import { checkVerb } from './check';
import { explainVerb } from './explain';

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [checkVerb, explainVerb];
