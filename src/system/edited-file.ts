import {
  closeSync,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';

/** Exchanges the text of a file of root's in one step; owner and mode stay. */
export function replaceText(path: string, text: string): void {
  const file = realpathSync(path);
  const { uid, gid, mode } = statSync(file);
  const fresh = `${file}.migrate-guard-new`;
  rmSync(fresh, { force: true });
  const descriptor = openSync(fresh, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(fresh, file);
}

/** A copy beside it, with its owner and mode. */
export function keepCopy(file: string, copy: string): void {
  copyFileSync(file, copy);
  replaceOwner(file, copy);
}

function replaceOwner(file: string, copy: string): void {
  const { uid, gid, mode } = statSync(file);
  const descriptor = openSync(copy, 'r');
  try {
    fchownSync(descriptor, uid, gid);
    fchmodSync(descriptor, mode & 0o7777);
  } finally {
    closeSync(descriptor);
  }
}
