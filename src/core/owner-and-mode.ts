/** Owner and mode of a file; `mode`: `st_mode` & 07777. */
export interface Permissions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
