import { GuardError } from '../core/errors';

/** The domain does not run here; it may have left. */
export class NotRunning extends GuardError {}
