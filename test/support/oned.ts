// What OpenNebula's drivers and oned do with the output of a script that they have run: where each line appears, and
// what the VM's ERROR contains. Line numbers are those of the named release, below src/.

/** 7.2 stands for 7.0 and 7.2, 6.6 for 6.6 to 6.10: the code is the same. */
export type Release = '6.6' | '7.2' | '7.4';

/** A script that a driver has run for a VM. */
export interface ScriptRun {
  readonly release: Release;
  readonly vmId: string;
  /** The command line in the log if the script fails. */
  readonly command: string;
  /**
   * `local`: an action that `-l` names, or a TM script (LocalCommand); `stream`: an action on a host
   * (SshStreamCommand).
   */
  readonly by: 'local' | 'stream';
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The result of a script; log lines have the form `[E]: text`. */
interface Told {
  /** The text after SUCCESS or FAILURE; `-` if there is none. */
  readonly info: string;
  /** The VM's vm.log. */
  readonly vmLog: readonly string[];
  /** The lines in oned.log, and in the logs of other VMs: those that are not about this VM. */
  readonly elsewhere: readonly string[];
}

const severities: Readonly<Record<string, string>> = { ERROR: 'E', INFO: 'I', WARN: 'W', DEBUG: 'D' };

/** do_action (mad/ruby/OpenNebulaDriver.rb:86–142) and do_transfer_action (tm_mad/one_tm.rb:103–138) of 7.4.0. */
export function told(run: ScriptRun): Told {
  // A script that a signal ended has no status (mad/ruby/CommandManager.rb:93–97).
  const exit = run.exit ?? 255;
  // The last line of the stream is ssh_stream's own; " EOF_ERR" is removed (mad/ruby/ssh_stream.rb:34, 156–163).
  const stderr = run.by === 'stream' ? `${run.stderr}ExitCode: ${exit}` : run.stderr;
  const lines = new Lines(run);
  if (run.by === 'stream') {
    // ssh_stream.rb:231–235: the output is logged in any case.
    if (exit !== 0) lines.log(`Command execution fail (exit code: ${exit}): ${run.command}`);
    lines.log(stderr);
  } else if (exit !== 0) {
    // CommandManager.rb:99–102 (6.6.0: 76–79): the output is logged only if the script fails.
    lines.log(`Command execution failed (exit code: ${exit}): ${run.command}`);
    lines.log(stderr);
  }
  const info = run.release === '6.6' ? stderr.replaceAll('\n', ' ').trim() : lines.informed(stderr);
  return { ...lines.all(), info: (exit === 0 ? run.stdout : info) || '-' };
}

class Lines {
  private readonly logged: (readonly [vmId: string, line: string])[] = [];

  constructor(private readonly run: ScriptRun) {}

  /** `log` of mad/ruby/DriverExecHelper.rb:129–151 (6.6.0: 126–147): it does not support WARN. */
  log(message: string): void {
    for (const line of message.trim().split('\n')) {
      if (message.trim() === '') return;
      const [, severity = 'INFO', text = line] = /^(ERROR|DEBUG|INFO):(.*)$/.exec(line) ?? [];
      this.add(this.run.vmId, severity, text.trim());
    }
  }

  /**
   * `get_info_from_execution` of DriverExecHelper.rb:167–210, since 7.0, whatever the exit status: lines with a
   * severity go to the log of the VM whose number they begin with, or to oned's own; the others are joined.
   */
  informed(stderr: string): string {
    const others: string[] = [];
    for (const line of stderr.split('\n').map((one) => one.trim())) {
      const [, severity, vmId = '-1', text = ''] =
        /^(ERROR|INFO|WARN|DEBUG):\s+(\d+)?\s*(.*)$/.exec(line) ?? [];
      if (severity === undefined) others.push(line);
      else this.add(vmId, severity, text.trim());
    }
    return others.join('').trim();
  }

  /** `_log` of vmm/VirtualMachineManagerProtocol.cc:863–873: below 0 to oned.log, otherwise to that VM's log. */
  all(): Omit<Told, 'info'> {
    const of = (wanted: boolean): string[] =>
      this.logged.flatMap(([vmId, line]) => ((vmId === this.run.vmId) === wanted ? [line] : []));
    return { vmLog: of(true), elsewhere: of(false) };
  }

  private add(vmId: string, severity: string, text: string): void {
    this.logged.push([vmId, `[${severities[severity] ?? 'I'}]: ${text}`]);
  }
}

/** `log_error` (VirtualMachineManagerProtocol.cc:43–81), `set_template_error_message` (vm/VirtualMachine.cc:3081–3102). */
export function errorAttribute(action: 'MIGRATE' | 'SAVE', info: string): string | undefined {
  if (info === '' || info.startsWith('-')) return undefined;
  const message = Buffer.from(`${action}: ${info}`);
  // MAX_ERROR_MSG_LENGTH (include/VirtualMachine.h:1938); substr counts bytes. The time before the text is left out.
  const cut = message.subarray(0, 100).toString('utf8');
  return message.length >= 100 ? `${cut}... see more details in VM log` : cut;
}

/** A line of MONITORING in `onevm show` (cli/one_helper/onevm_helper.rb:681–688, 841; 6.6.0: 752, 847). */
export function shownByOnevm(name: string, value: string, release: Release): string {
  const truncated = (text: string, longest: number): string =>
    text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
  if (release === '6.6') return `${name.padEnd(20)}: ${value.padEnd(20)}`;
  return `${truncated(name, 20).padEnd(20)}: ${truncated(value, 80)}`;
}
