/** The type of file at one path on a destination. */
export interface DestinationPath {
  readonly path: string;
  /** The type as `stat` names it (`block special file`); `undefined` where the path does not exist. */
  readonly type: string | undefined;
}
