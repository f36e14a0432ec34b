/**
 * Measures another script that does the same: `npm run bench -- --peer CMD`. It gets the names of the domains as
 * arguments.
 */
export function peerCommand(...domains: readonly string[]): readonly string[] | undefined {
  const command = process.env['MIGRATE_GUARD_PEER'];
  // The person who runs the bench chooses the command, so a shell may run it; only the names come from elsewhere.
  return command ? ['sh', '-c', `exec ${command} "$@"`, 'peer', ...domains] : undefined;
}
