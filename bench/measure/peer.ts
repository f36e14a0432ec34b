/** A script of somebody else's that answers, or does, the same: `npm run bench -- --peer CMD`. It gets names of domains. */
export function peerCommand(...domains: readonly string[]): readonly string[] | undefined {
  const command = process.env['MIGRATE_GUARD_PEER'];
  // The command line is whose bench it is; only the names come from elsewhere.
  return command ? ['sh', '-c', `exec ${command} "$@"`, 'peer', ...domains] : undefined;
}
