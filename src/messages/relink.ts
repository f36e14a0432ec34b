import type { MessageRow } from './message';

/** Re-pointing of links (src/relink). */
export const relink = {
  'relink-needs-root': { text: 'links can only be moved by root', remedy: 'run as root' },
  'link-not-looked-at': { text: '{link} was not looked at' },
  'no-link-of-disks': { text: '{failure}', remedy: 'give the link that disks go through' },
  'link-moved-since': {
    text: 'it points to {from} by now, not to {expected}',
    remedy: 'it was moved since: decide by hand',
    cause: '`--undo` of a journal whose link was re-pointed again',
  },
  'target-refused': { text: '{why}', remedy: 'give a target that leads to the same disk' },
  'target-not-looked-at': { text: 'it was not looked at' },
  'target-leads-elsewhere': { text: 'it would not lead to the same disk: {when}, {failure} on the host' },
  'target-is-no-disk': { text: '{when} it leads to {kind}, which is not a disk' },
  'target-leads-nowhere': { text: 'it leads nowhere' },
  'target-is-another-disk': {
    text: 'it now leads to {disk} {path}, but then to {otherDisk} {otherPath}',
    cause: 'the target is another disk: correct the map',
  },
  'use-unknown': {
    text: 'whether {domain} uses it cannot be determined: {why}',
    cause: 'the status XML of that VM is broken, or its disk goes through the link by another name',
  },
  'other-name-of-link': {
    text: 'its disk goes through the same link by the name {other}',
    remedy: 'relink {other} instead',
  },
  'users-unknown': {
    text: '{directory} cannot be read, so which VMs use a link cannot be determined',
    remedy: 'run as root on a host that runs libvirt',
  },
  'check-all': { text: 'see migrate-guard check --all' },
  'check-domain': { text: 'see migrate-guard check {domain}' },
  'moved-and-taken-back': {
    text: 'it was moved and taken back: {reason}',
    remedy: 'see migrate-guard check --all',
    cause: 'a VM was not safe afterwards, or not known to be',
  },
  'not-taken-back': {
    text: '{path} was moved to {target}, after which {reason}; it could not be taken back: {why}',
    remedy: 'look where it points, and at migrate-guard check --all; it pointed to {before}',
    cause:
      'a VM was not safe afterwards, and the link could not be written again: it stayed where it was moved to',
  },
  'of-domain': { text: '{domain}: {reason}' },
  'of-disk': { text: '{disk}: {reason}' },
  'source-leads-to-no-disk': { text: '{path} leads to no disk' },
  'path-would-lead-elsewhere': { text: '{disk}: its path would not lead QEMU to {device}' },
  'end-not-opened': { text: '{end} was not opened' },
  'end-refused': { text: 'QEMU may not open {end} in its mount namespace: {error}' },
  'end-leads-elsewhere': { text: '{end} leads QEMU to {device}' },
  'link-not-re-pointed': {
    text: '{path} could not be re-pointed: {reason}',
    cause:
      'the link’s owner may not write its directory: correct its owner or mode, and run the same map again',
  },
  'look-at-link': { text: 'look at ls -la {path}' },
  'look-at-directory': { text: 'look at its directory' },
  'directory-gone': { text: 'its directory is gone' },
  'points-elsewhere': { text: 'it points to {target}' },
  'link-changed': {
    text: 'the link changed meanwhile: it no longer points to {target}',
    remedy: 'run again',
  },
  'journal-not-made': { text: 'a journal cannot be made in {directory}: {error}' },
  'look-at-journal-directory': { text: 'see what is at {directory}: namei -l {directory}' },
  'journal-not-written': {
    text: 'the journal {file} cannot be written: {error}; no more links are moved',
  },
  'look-at-journal': { text: 'see what happened to {file}, then run again' },
  'not-a-journal': {
    text: '{place} is not an entry of a relink journal',
    remedy: 'name the file that relink printed',
  },
  'the-journal': { text: 'the journal {file}' },
  'map-words': { text: 'expected "link target", found {count} words' },
  'map-not-absolute': { text: '{link} is not an absolute path' },
  'map-twice': { text: '{link} is in line {line} already' },
  'forecast-late': { text: 'its paths were not looked at in time', remedy: 'migrate-guard check {domain}' },
  'forecast-failed': { text: 'it could not be looked at: {error}' },
} as const satisfies Readonly<Record<string, MessageRow>>;
