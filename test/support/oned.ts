// What OpenNebula's drivers and oned make of the output of a script that they have run: where each line ends up, and what
// becomes of a VM's ERROR. Line numbers are those of the release that is named, below src/.

/** 7.2 stands for 7.0 and 7.2, 6.6 for 6.6 to 6.10: the code is the same. */
export type Release = '6.6' | '7.2' | '7.4';

/** A script that a driver has run for a VM. */
export interface ScriptRun {
  readonly release: Release;
  readonly vmId: string;
  /** As it stands in the log when it fails. */
  readonly command: string;
  /** `local`: an action that `-l` names, a TM script (LocalCommand); `stream`: one on a host (SshStreamCommand). */
  readonly by: 'local' | 'stream';
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `[E]: text`, as in a log. */
interface Told {
  /** SUCCESS or FAILURE is followed by this; `-` when there is nothing. */
  readonly info: string;
  /** The VM's vm.log. */
  readonly vmLog: readonly string[];
  /** oned.log, and the logs of other VMs: what is no line about this VM. */
  readonly elsewhere: readonly string[];
}

const severities: Readonly<Record<string, string>> = { ERROR: 'E', INFO: 'I', WARN: 'W', DEBUG: 'D' };

/** do_action (mad/ruby/OpenNebulaDriver.rb:86–142) and do_transfer_action (tm_mad/one_tm.rb:103–138) of 7.4.0. */
export function told(run: ScriptRun): Told {
  // A script that a signal ended has no status (mad/ruby/CommandManager.rb:93–97).
  const exit = run.exit ?? 255;
  // The stream's last line is its own; " EOF_ERR" is sliced off (mad/ruby/ssh_stream.rb:34, 156–163).
  const stderr = run.by === 'stream' ? `${run.stderr}ExitCode: ${exit}` : run.stderr;
  const lines = new Lines(run);
  if (run.by === 'stream') {
    // ssh_stream.rb:231–235: what it says is logged in any case.
    if (exit !== 0) lines.log(`Command execution fail (exit code: ${exit}): ${run.command}`);
    lines.log(stderr);
  } else if (exit !== 0) {
    // CommandManager.rb:99–102 (6.6.0: 76–79): only where it fails.
    lines.log(`Command execution failed (exit code: ${exit}): ${run.command}`);
    lines.log(stderr);
  }
  const info = run.release === '6.6' ? stderr.replaceAll('\n', ' ').trim() : lines.informed(stderr);
  return { ...lines.all(), info: (exit === 0 ? run.stdout : info) || '-' };
}

class Lines {
  private readonly logged: (readonly [vmId: string, line: string])[] = [];

  constructor(private readonly run: ScriptRun) {}

  /** `log` of mad/ruby/DriverExecHelper.rb:129–151 (6.6.0: 126–147): it knows no WARN. */
  log(message: string): void {
    for (const line of message.trim().split('\n')) {
      if (message.trim() === '') return;
      const [, severity = 'INFO', text = line] = /^(ERROR|DEBUG|INFO):(.*)$/.exec(line) ?? [];
      this.add(this.run.vmId, severity, text.trim());
    }
  }

  /**
   * `get_info_from_execution` of DriverExecHelper.rb:167–210, since 7.0, whatever the exit status: lines with a severity go
   * to the log of the VM whose number they begin with, or to oned's own; the others are joined.
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

  /** `_log` of vmm/VirtualMachineManagerProtocol.cc:863–873: below 0 to oned.log, else to that VM's. */
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
  // MAX_ERROR_MSG_LENGTH (include/VirtualMachine.h:1938); substr counts bytes. The time that stands before it is left out.
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
