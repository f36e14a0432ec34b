import { property } from './qmp';
import { stringOf } from '../../core/report-json';

/**
 * The nodes with which libvirt started this QEMU (`-blockdev` and JSON, in `/proc/PID/cmdline`), by their names: has each
 * the option `auto-read-only`? A name is never used again for another file (libvirt counts them up).
 */
export function startNodesOf(commandLine: string): ReadonlyMap<string, boolean> {
  const argv = commandLine.split('\0');
  return new Map(
    argv.flatMap((value, index): [string, boolean][] => {
      if (argv[index - 1] !== '-blockdev') return [];
      const options = parsed(value);
      const name = stringOf(property(options, 'node-name'));
      return name === undefined ? [] : [[name, property(options, 'auto-read-only') === true]];
    }),
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
