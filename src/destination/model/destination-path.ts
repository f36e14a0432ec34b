/** What a destination says of one path. */
export interface DestinationPath {
  readonly path: string;
  /** `stat`'s words for the type (`block special file`), or `undefined` where nothing is there. */
  readonly type: string | undefined;
}
