import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DomainReport } from '../../../src/core/finding';
import type { QemuCopy } from '../../../src/hypervisor/model/qemu-copy';
import type { AgentResult } from '../../../src/agent-protocol/model/messages';

/** The answers of a host's agent: the state of its VMs, and the results of actions. */
interface HostTells {
  readonly domains: readonly DomainReport[];
  /** By domain; an agent of an older release does not report it. */
  readonly qemus?: Readonly<Record<string, QemuCopy>>;
  /** The domains of the second report, if they differ. */
  readonly later?: readonly DomainReport[];
  /** By domain; without an entry the action succeeds. `hangs`: the agent sends hello, and then nothing. */
  readonly ends?: Readonly<Record<string, AgentResult | 'hangs'>>;
}

const done: AgentResult = { exit: 0, result: 'done', what: 'done' };

/** Replaces ssh, sudo and the agent: it reads one request and answers as configured for the host. */
const ssh = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const host = process.argv.at(-2).split('@')[1];
const say = (line) => console.log(JSON.stringify(line));
process.stdin.once('data', (text) => {
  const { version, action, domain } = JSON.parse(text);
  const { domains, qemus = {}, later = domains, ends = {} } = JSON.parse(readFileSync(__dirname + '/hosts.json', 'utf8'))[host];
  say({ kind: 'hello', version });
  if (action === 'audit') {
    const isAgain = readFileSync(__dirname + '/audited', 'utf8').includes(host + ';');
    appendFileSync(__dirname + '/audited', host + ';');
    for (const report of isAgain ? later : domains) say({ kind: 'found', report, qemu: qemus[report.domain] });
  }
  else appendFileSync(__dirname + '/asked', host + ' ' + action + ' ' + domain + '\\n');
  if (ends[domain] === 'hangs') return;
  say({ kind: 'end', ...${JSON.stringify(done)}, ...ends[domain] });
  process.stdin.destroy();
});
`;

/** The hosts of a cloud, as the front-end connects to them. */
export class StandInHosts {
  /** Contains the fake `ssh`, which must come first in the PATH. */
  readonly directory = mkdtempSync(join(tmpdir(), 'migrate-guard-hosts-'));

  constructor() {
    // Other users need access to programs and lists, too.
    chmodSync(this.directory, 0o755);
    writeFileSync(join(this.directory, 'ssh'), ssh, { mode: 0o755 });
    chmodSync(join(this.directory, 'ssh'), 0o755);
  }

  /** Sets the answers of each host, and clears the recorded requests. */
  tell(hosts: Readonly<Record<string, HostTells>>): void {
    writeFileSync(join(this.directory, 'hosts.json'), JSON.stringify(hosts), { mode: 0o644 });
    writeFileSync(this.asked, '');
    chmodSync(this.asked, 0o666);
    writeFileSync(join(this.directory, 'audited'), '');
    chmodSync(join(this.directory, 'audited'), 0o666);
  }

  /** The requests that change something: `kvm1 repair one-1`, sorted. */
  get requests(): string[] {
    return readFileSync(this.asked, 'utf8').split('\n').slice(0, -1).sort();
  }

  /** The file with one line for each request, which is written after the host has sent hello. */
  get asked(): string {
    return join(this.directory, 'asked');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
