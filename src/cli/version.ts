declare const __VERSION__: string | undefined;

/** Version and commit, put in by the build. */
export function version(): string {
  return typeof __VERSION__ === 'string' ? __VERSION__ : 'unbuilt';
}

/** What the two halves compare: the version without its commit. */
export const versionNumber = version().replace(/ .*/, '');
