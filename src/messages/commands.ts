import type { MessageRow } from './message';

/** The command line, the configuration, files and programs (src/commands, src/cli, src/config, src/os). */
export const commands = {
  'no-verb': { text: 'no command was given' },
  'nearest-verb': { text: 'unknown command: did you mean {nearest}?' },
  'verb-not-known': { text: 'unknown command or option {word}' },
  'option-not-known': { text: '{verb} has no option {option}' },
  'option-malformed': { text: 'there is no option {option}' },
  'option-without-value': { text: '--{option} needs a value' },
  'option-with-value': { text: '--{option} takes no value' },
  'order-not-known': {
    text: '--for takes a list of {orders}, not {order}',
    remedy: 'did you mean {nearest}?',
  },
  'option-twice': { text: '--{option} was given more than once' },
  'value-not-allowed': { text: '--{option} takes one of {choices}, not {value}' },
  'verb-not-first': { text: 'the verb {verb} has to come first' },
  'words-wrong': { text: '{verb} takes {words}' },
  'words-none': { text: '{verb} takes no arguments' },
  'see-help': { text: 'see migrate-guard --help' },
  'see-verb-help': { text: 'see migrate-guard {verb} --help' },
  'unexpected-error': { text: 'an unexpected error: {problem}' },
  'report-verbose': { text: 'run again with --verbose, and report what it prints' },
  'stdout-not-written': {
    text: 'the output cannot be written: {error}',
    remedy: 'see where the standard output goes: its disk may be full',
  },
  cancelling: { text: '{signal}: asking libvirt to end the job of {domain}' },

  'config-not-read': {
    text: 'the configuration {file} cannot be read: {error}',
    short: 'the configuration cannot be read: {error}',
  },
  'see-config-file': { text: 'see ls -l {file}' },
  'name-other-config': { text: 'name another with --config' },
  'config-refused': {
    text: 'the configuration {file} is refused: {problem}',
    short: 'the configuration is not valid: it has an alias or many levels',
    remedy: 'write values in full, and without levels that are not in the shipped file',
  },
  'config-not-yaml': {
    text: 'the configuration {file} is not valid YAML: {problem}',
    short: 'the configuration is not valid YAML',
    remedy: 'correct that line',
  },
  'config-writable': {
    text: 'the configuration {file} can be written by users other than root',
    short: 'users other than root can write the configuration',
    remedy: 'chown root: {file}; chmod go-w {file}',
  },
  'config-too-long': {
    text: 'the configuration {file} is longer than {kib} KiB',
    short: 'the configuration is too long',
    remedy: 'see the shipped file for all keys',
  },
  'config-without-sections': {
    text: '{file}: sections with keys are expected',
    short: 'the configuration has no sections with keys',
    remedy: 'see the shipped file for all keys',
  },
  'config-value-wrong': {
    text: '{file}: {key}: {problem}',
    short: 'wrong value in the configuration: {key}',
    cause: 'a value of another type; `received null`: the key is there, and its value is missing',
    remedy: 'see the shipped file for all keys',
  },
  'config-key-not-known': {
    text: '{file}: the key {key} is not known',
    short: 'unknown key in the configuration: {key}',
    remedy: 'did you mean {nearest}?',
  },

  'here-with-others': {
    text: '--here cannot be combined with --live, --hosts, --cluster or --before-relink',
    remedy: 'leave one of them out',
  },
  'not-with-forecast': {
    text: '--{option} cannot be combined with --before-relink',
    remedy: 'leave one of them out',
  },
  'verdict-not-known': { text: '{word} is not a verdict', remedy: 'use {verdicts}' },
  'audit-file-wrong': { text: '{file}: {problem}' },
  'name-audit-file': {
    text: 'name a file that holds what migrate-guard audit --json printed, without --verdict',
  },
  'hosts-without-all': {
    text: '--hosts is for the VMs of whole hosts',
    remedy: 'add --all, and name no domain',
  },
  'only-with-hosts': {
    text: '--{option} needs --hosts',
    remedy: 'add --hosts A,B,… or --hosts all',
  },
  'not-with-hosts': {
    text: "--{option} cannot be combined with --hosts: each host uses its own configuration and OpenNebula's history",
    remedy: 'leave it out',
  },
  'batch-wrong': { text: '--batch {given} is not a number of VMs', remedy: 'give one from 1 to {most}' },
  'rollout-doubt': { text: 'not known: {problem}' },
  'rollout-paths-only': { text: 'only its paths are repaired' },
  'rollout-left-alone': { text: 'left alone' },
  'rollout-stopped': {
    text: 'stopped: {domains} did not end as expected',
    remedy: 'see why; the same command continues with the rest, and --except {domains} leaves it out',
  },
  'rollout-done-but': {
    text: 'done, but {domains} did not end as expected',
    remedy: 'see why; the same command continues with the rest, and --except {domains} leaves it out',
  },
  'hook-without-vm': { text: 'hook test needs a VM', remedy: 'give --vm ID, as onevm list shows it' },
  'vm-id-wrong': { text: '{given} is not an ID of a VM', remedy: 'give --vm ID, as onevm list shows it' },
  'event-file': { text: 'the event {file}' },
  'name-event-file': { text: 'name a file that holds the XML of a VM, or Base64 of it' },
  'agent-missing': {
    text: '{file} is missing: this command was copied alone, and the agent is another program',
    short: 'the agent program is missing: run install.sh host',
    remedy: 'run install.sh host on this host',
  },
  'map-file': { text: 'the map {file}' },
  'name-map-file': { text: 'name a file of lines "link target"' },
  'map-line': { text: 'line {line}: {problem}' },
  'map-wrong': {
    text: 'the map {file} has mistakes: {mistakes}',
    remedy: 'correct them; nothing was done',
  },
  'relink-words-wrong': {
    text: 'relink takes a link and its target, or --map, or --undo',
    remedy: 'see migrate-guard relink --help',
  },
  'link-not-absolute': {
    text: '{path} is not an absolute path',
    remedy: 'give the absolute path of the link',
  },
  'install-action-not-known': { text: '{action} is not known', remedy: 'run install.sh' },
} as const satisfies Readonly<Record<string, MessageRow>>;
