/** What one path leads to on a destination. */
export interface DestinationPath {
  readonly path: string;
  /** The type as `stat` names it (`block special file`); `undefined` where nothing is there. */
  readonly type: string | undefined;
}
