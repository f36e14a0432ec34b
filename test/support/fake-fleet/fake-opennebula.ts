import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escape, hostPoolXml, monitoringXml, vmPoolXml, type Cloud, type Release } from './fake-cloud';

const session = 'oneadmin:pass<word>&';

/** How oned answers one request; by default as the real one does. */
type Answering = 'as oned' | 'refuses' | 'nonsense' | 'half' | 'error';

/**
 * Replaces OpenNebula: an onevm and an onehost that print lists, and an oned that serves XML-RPC on the loopback
 * interface. `environment` makes programs find it.
 */
export class StandInOpenNebula {
  private readonly directory = mkdtempSync(join(tmpdir(), 'migrate-guard-opennebula-'));
  private cloud: Cloud = { hosts: [], vms: [] };
  answering: Answering = 'as oned';
  /** The requests that oned got. */
  readonly requests: string[] = [];

  private constructor(private readonly server: Server) {
    // Other users need access to programs and lists, too.
    chmodSync(this.directory, 0o755);
    writeFileSync(join(this.directory, 'one_auth'), `${session}\n`, { mode: 0o644 });
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.requests.push(Buffer.concat(parts).toString());
        const { status, body } = this.answer(this.requests.at(-1) ?? '');
        response.writeHead(status, { 'Content-Type': 'text/xml; charset=utf-8' });
        response.end(body);
      });
    });
  }

  static async start(): Promise<StandInOpenNebula> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new StandInOpenNebula(server);
  }

  /** Sets OpenNebula's data. */
  holds(cloud: Cloud, release: Release = '7.0'): void {
    this.cloud = cloud;
    this.lists({ onevm: vmPoolXml(cloud, release), onehost: hostPoolXml(cloud, release) });
  }

  /** Sets the output of `onevm list` from its second run on. */
  changesTo(cloud: Cloud, release: Release = '7.0'): void {
    writeFileSync(join(this.directory, 'onevm.xml.again'), vmPoolXml(cloud, release), { mode: 0o644 });
  }

  /** `onevm list` succeeds once, and then fails. */
  breaksOff(): void {
    writeFileSync(join(this.directory, 'onevm.xml.again'), '', { mode: 0o000 });
  }

  /** Sets the output of its commands; `undefined` removes the command. */
  lists(texts: Readonly<Record<string, string | undefined>>): void {
    for (const [command, text] of Object.entries(texts)) {
      const [program, list] = [join(this.directory, command), join(this.directory, `${command}.xml`)];
      if (text === undefined) {
        rmSync(program, { force: true });
        continue;
      }
      writeFileSync(list, text, { mode: 0o644 });
      rmSync(`${list}.again`, { force: true });
      writeFileSync(`${list}.asked`, '');
      // Any user may run the command, which records its runs here.
      chmodSync(`${list}.asked`, 0o666);
      const script = `#!/bin/sh
[ "$*" = 'list -x' ] || { echo "$*: no such command" >&2; exit 255; }
[ -s '${list}.asked' ] && [ -e '${list}.again' ] && exec cat '${list}.again'
echo asked >>'${list}.asked'
exec cat '${list}'
`;
      writeFileSync(program, script);
      chmodSync(program, 0o755);
    }
  }

  /** The environment of a program that must find it. */
  get environment(): Record<string, string> {
    const { port } = this.server.address() as AddressInfo;
    return {
      PATH: `${this.directory}:/usr/bin:/bin`,
      ONE_AUTH: join(this.directory, 'one_auth'),
      ONE_XMLRPC: `http://127.0.0.1:${port}/RPC2`,
    };
  }

  async stop(): Promise<void> {
    rmSync(this.directory, { recursive: true });
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: string): { status: number; body: string } {
    const wanted =
      request.includes('<methodName>one.vmpool.monitoring</methodName>') &&
      request.includes(
        `<param><value><string>${escape(session)}</string></value></param>` +
          '<param><value><int>-2</int></value></param><param><value><int>0</int></value></param>',
      );
    const text = monitoringXml(this.cloud);
    switch (this.answering) {
      case 'as oned':
        return {
          status: 200,
          body: wanted
            ? response('1', text)
            : response('0', "[one] User couldn't be authenticated, aborting call."),
        };
      case 'refuses':
        return {
          status: 200,
          body: response('0', "[one.vmpool.monitoring] User couldn't be authenticated, aborting call."),
        };
      case 'half':
        return { status: 200, body: response('1', text.slice(0, text.length / 2)) };
      case 'nonsense':
        return { status: 200, body: '<html><body>It works!</body>' };
      case 'error':
        return { status: 502, body: 'Bad Gateway' };
    }
  }
}

/** In the form that xmlrpc-c writes. */
function response(isDone: '0' | '1', text: string): string {
  const values = [
    `<boolean>${isDone}</boolean>`,
    `<string>${escape(text)}</string>`,
    `<i4>${isDone === '1' ? 0 : 256}</i4>`,
  ];
  const data = values.map((value) => `<value>${value}</value>\r\n`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n${data}</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n`;
}
