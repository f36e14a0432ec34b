/** Who may do what with a file: `st_mode` & 07777, and its owner. */
export interface Permissions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
