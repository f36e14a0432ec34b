declare const __VERSION__: string | undefined;

/** Version and commit, put in by the build. */
export function version(): string {
  return typeof __VERSION__ === 'string' ? __VERSION__ : 'unbuilt';
}
