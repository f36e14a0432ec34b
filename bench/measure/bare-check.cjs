// The least that any program on Node takes for what `check` answers: about the same system calls, and next to nothing
// made of them. It knows one shape of XML, walks no way that is not healthy, and explains nothing; it is a floor to
// measure against, and no check.
//
// Usage: bare-check.cjs NAME | --all; --all leaves out to ask as QEMU's user, which a check of many shares among them.
'use strict';
const { closeSync, constants, lstatSync, openSync, readdirSync } = require('node:fs');
const { readFileSync, readlinkSync, statSync, writeSync } = require('node:fs');

const state = '/run/libvirt/qemu';
const asDirectory = 0o10000000 | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const [, , word] = process.argv;
const files = word === '--all' ? readdirSync(state).filter((file) => file.endsWith('.xml')) : [`${word}.xml`];
let unknown = 0;
for (const file of files) {
  const name = file.slice(0, -'.xml'.length);
  const isHealthy = look(readFileSync(`${state}/${file}`, 'utf8'));
  writeSync(1, `${name}: ${isHealthy ? 'healthy' : 'unknown'}\n`);
  if (!isHealthy) unknown += 1;
}
process.exitCode = unknown > 0 ? 2 : 0;

function look(xml) {
  const [, pid] = /<domstatus[^>]* pid='(\d+)'/.exec(xml);
  const paths = Array.from(xml.matchAll(/<source (?:dev|file)='([^']*)'/g), ([, path]) => path);
  const held = `/proc/self/fd/${openSync(`/proc/${pid}`, constants.O_DIRECTORY)}`;
  for (const fact of ['stat', 'cmdline', 'status', 'mountinfo']) readFileSync(`${held}/${fact}`, 'latin1');
  readlinkSync(`${held}/ns/mnt`);
  const directories = new Map([['', openSync(`${held}/root`, 0o10000000 | constants.O_DIRECTORY)]]);
  const entries = new Map();
  const missing = new Set(paths.map((path) => deviceAt(path, directories, entries)));
  if (word !== '--all') search([...directories.values()], statSync(held));
  for (let descriptor = 0; missing.size > 0 && descriptor < 64; descriptor += 1) {
    const open = statSync(`${held}/fd/${descriptor}`, { throwIfNoEntry: false });
    if (open) missing.delete(open.rdev);
  }
  readFileSync(`${held}/stat`, 'latin1');
  for (const directory of directories.values()) closeSync(directory);
  closeSync(Number(held.slice(held.lastIndexOf('/') + 1)));
  return missing.size === 0;
}

/** The number of the device at the end of a way inside the namespace. */
function deviceAt(path, directories, entries) {
  const pending = path.split('/').reverse();
  let directory = '';
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      directory = directory.slice(0, directory.lastIndexOf('/'));
      continue;
    }
    const here = `${directory}/${name}`;
    const { isLink, isDirectory, target, device } = entryAt(here, directories, entries);
    if (isDirectory) directory = here;
    else if (!isLink) return device;
    else {
      pending.push(...target.split('/').reverse());
      if (target.startsWith('/')) directory = '';
    }
  }
  return undefined;
}

function entryAt(path, directories, entries) {
  if (!entries.has(path)) {
    const anchored = anchor(path, directories);
    const stat = lstatSync(anchored);
    const target = stat.isSymbolicLink() ? readlinkSync(anchored) : undefined;
    const isLink = target !== undefined;
    entries.set(path, { isLink, isDirectory: stat.isDirectory(), target, device: stat.rdev });
  }
  return entries.get(path);
}

function anchor(path, directories) {
  const cut = path.lastIndexOf('/');
  return `/proc/self/fd/${open(path.slice(0, cut), directories)}/${path.slice(cut + 1)}`;
}

function open(path, directories) {
  if (!directories.has(path)) directories.set(path, openSync(anchor(path, directories), asDirectory));
  return directories.get(path);
}

/** Whether QEMU's user may search them. */
function search(directories, { uid, gid }) {
  const own = process.getgroups();
  process.setgroups([gid]);
  process.setegid(gid);
  process.seteuid(uid);
  for (const directory of directories) closeSync(openSync(`/proc/self/fd/${directory}/.`, asDirectory));
  process.seteuid(0);
  process.setegid(0);
  process.setgroups(own);
}
