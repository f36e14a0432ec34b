import { GuardError } from '../core/errors';

/** A domain that runs, but that OpenNebula did not deploy; it may have imported it. */
export class NotDeployed extends GuardError {}
