import { chmodSync, mkdirSync } from 'node:fs';
import type { CommandResult } from '../../../src/os/run-command';
import type { PrivateMachine } from '../installation/private-machine';

/**
 * Starts drivers as oned does (release 7.4.0; the same since 6.0): the whole of ARGUMENTS is one argument of the
 * program in EXECUTABLE, whose stdin and stdout are pipes and which must answer INIT (include/Driver.h,
 * start_driver). It reads oned.conf once, when it starts (src/nebula/Nebula.cc, start).
 */
const oned = `#!/bin/bash
cd /run/one
value() { sed -n 's/.*'$1' *= *"\\([^"]*\\)".*/\\1/p' /etc/one/oned.conf; }
program=$(value EXECUTABLE)
while IFS= read -r arguments; do
  count=$((count + 1))
  mkfifo to.$count from.$count
  exec {to}<>to.$count {from}<>from.$count
  "/usr/lib/one/mads/$program" "$arguments" <to.$count >from.$count &
  echo INIT >&$to
  read -r answer <&$from
  test "$answer" = 'INIT SUCCESS' || exit 1
done < <(value ARGUMENTS)
echo ready
wait
`;

/** src/vmm_mad/exec/one_vmm_exec with execute_mad of src/mad/sh/madcommon.sh: these split ARGUMENTS into words. */
const mad = `#!/bin/bash
exec nice -n 19 /usr/lib/one/mads/$(basename $0).rb $* 2>/dev/null
`;

/**
 * src/vmm_mad/exec/one_vmm_exec.rb: its first line, and the requests that src/mad/ruby/OpenNebulaDriver.rb answers or
 * ends at.
 */
const rubyMad = `#!/usr/bin/env ruby
while read -r action rest; do
  case $action in INIT) echo INIT SUCCESS ;; FINALIZE) exit ;; esac
done
`;

/**
 * Installs OpenNebula's daemon and its drivers on the machine. Ruby may not be installed: bash runs under its name.
 */
export function layOned(machine: Pick<PrivateMachine, 'path' | 'write'>): void {
  mkdirSync(machine.path('/usr/lib/one/mads'), { recursive: true });
  const programs = {
    '/usr/bin/oned': oned,
    '/usr/lib/one/mads/one_vmm_exec': mad,
    '/usr/lib/one/mads/one_vmm_exec.rb': rubyMad,
  };
  for (const [path, text] of Object.entries(programs)) {
    machine.write(path, text);
    chmodSync(machine.path(path), 0o755);
  }
}

/**
 * Runs a bash script in a separate process namespace, as root. In it, `start_oned` returns when oned is ready. bash
 * stays the first process: without a further command it would replace itself by the last one.
 */
export function besideOned(machine: PrivateMachine, script: string): Promise<CommandResult> {
  const start = `rm -rf /run/one; install -d -o oneadmin /run/one; ln -sf /bin/bash /usr/bin/ruby
  start_oned() {
    coproc oned { exec setpriv --reuid=oneadmin --regid=oneadmin --clear-groups oned; }
    read -r ready <&"\${oned[0]}"
    test "$ready" = ready
  }`;
  const alone = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  return machine.root([...alone, 'bash', '--norc', '-c', `set -eu\n${start}\n${script}\nexit $?`], {
    deadline: 60_000,
  });
}
