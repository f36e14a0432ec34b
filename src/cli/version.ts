declare const __VERSION__: string | undefined;

/** Version and commit, as set by the build. */
export function version(): string {
  return typeof __VERSION__ === 'string' ? __VERSION__ : 'unbuilt';
}

/** The version without its commit, which front-end and agent compare. */
export const versionNumber = version().replace(/ .*/, '');
