import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GuardError, isFailure } from '../../../src/core/errors';
import { readStat, withDetails } from '../../../src/destination/model/path-on-host';
import { readFleet } from '../../../src/fleet/model/audit-json';
import { readRequest } from '../../../src/agent-protocol/model/request';
import {
  encodeLine,
  maxLineBytes,
  parseAgentMessage,
  readMoverEnded,
} from '../../../src/agent-protocol/model/messages';
import { Lines, tooLong } from '../../../src/os/model/line-splitter';
import { parseManifest } from '../../../src/doctor/model/manifest';
import { parseMap } from '../../../src/relink/model/link-map';
import { isUnknown } from '../../../src/core/unknown';
import { readJournal } from '../../../src/relink/io/journal';
import { loadLayout } from '../../../src/block-state/io/layout-store';
import { readSettings } from '../../../src/config/read';
import fc from '../../support/seeded-fast-check';
import { layout } from '../../support/block-state-factories';
import { hostile } from './hostile';
import { fuzz } from './parser';

// The messages between front-end and agent, and the files that the program itself writes.

const directory = mkdtempSync(join(tmpdir(), 'migrate-guard-fuzz-'));
afterAll(() => rmSync(directory, { recursive: true }));

fuzz('a request to the agent', {
  valid: [
    encodeLine({
      version: '0.1.0',
      action: 'migrate',
      domain: 'one-310',
      destination: 'kvm2',
      checkDestination: true,
    }),
    encodeLine({ version: '0.1.0', action: 'probe' }),
  ],
  parse: readRequest,
  holds: (request) => {
    if (!isFailure(request)) return expect(typeof request.version).toBe('string');
    expect(request.what).toMatch(
      /request|takes no|needs|domain|destination|checkDestination|dryRun|deploy id|changes|orders/,
    );
    // It quotes 80 characters of the request, each of which may be escaped by six.
    expect(request.what.length).toBeLessThan(600);
  },
});

const report = {
  domain: 'one-310',
  pid: 7,
  verdict: 'blocked',
  blockState: 'healthy',
  findings: [{ check: 'disk-path', state: 'problem', what: 'x', evidence: { host: ['a'], device: '252:3' } }],
  plan: [{ step: 'make-symlink', path: '/dev/x', target: 'y', mode: 511, uid: 0, gid: 0 }],
};

fuzz('an earlier audit', {
  valid: [
    JSON.stringify({
      source: 'monitoring',
      asked: { hosts: ['kvm1'], cluster: null, verdicts: null },
      hosts: [{ host: 'kvm1', cluster: null }],
      domains: [{ ...report, host: 'kvm1', vmId: 310, name: 'web', reason: 'x', seen: null }],
    }),
  ],
  parse: readFleet,
  holds: (earlier) => {
    if (isFailure(earlier))
      return expect(earlier.what).toMatch(
        /^(it is not JSON: .|it has no list|domains\[\d+\] is not a VM|it lists the VMs of some)/,
      );
    expect(earlier.domains.every(({ domain, host }) => domain !== '' && typeof host === 'string')).toBe(true);
    expect(earlier.hosts?.every((host) => typeof host === 'string') ?? true).toBe(true);
  },
});

fuzz('a request to foresee', {
  valid: [JSON.stringify({ version: '0.1.0', action: 'foresee', changes: [{ link: '/a', target: 'b' }] })],
  parse: readRequest,
  holds: (request) => {
    if (isFailure(request)) return;
    expect((request.changes ?? []).every(({ link, target }) => link.startsWith('/') && target !== '')).toBe(
      true,
    );
  },
});

fuzz('a line of the agent', {
  valid: [
    encodeLine({ kind: 'hello', version: '0.1.0' }),
    encodeLine({ kind: 'did', action: 'repair', what: 'x' }),
    encodeLine({ kind: 'move' }),
    `${JSON.stringify({ kind: 'found', report, now: 'safe' })}\n`,
    `${JSON.stringify({ kind: 'found', report, qemu: { state: 'paused', isArriving: true, paths: ['/a'] } })}\n`,
    encodeLine({ kind: 'kill', signal: 'SIGTERM' }),
    encodeLine({ kind: 'end', exit: 1, result: 'refused', what: 'x', remedy: 'y', report: { a: [1] } }),
    `{"kind":"end","exit":0,"result":"done","what":"x","disks":[{"disk":"vda","path":"/a","type":"file"}]}\n`,
  ],
  parse: parseAgentMessage,
  holds: (line) => {
    if (line?.kind === 'end')
      expect(Number.isInteger(line.exit) && line.exit >= 0 && line.exit < 256).toBe(true);
  },
});

fuzz("the end of the front-end's mover", {
  valid: [encodeLine({ kind: 'moved', exit: 0 }), encodeLine({ kind: 'moved', exit: null })],
  parse: readMoverEnded,
  holds: (moved) => {
    const exit = moved?.exit ?? 0;
    expect(Number.isInteger(exit) && exit >= 0 && exit < 256).toBe(true);
  },
});

fuzz('the manifest', {
  valid: [
    'common\tdirectory\t755\t0:0\t-\t/usr/lib/migrate-guard\nhost\tfile\t755\t0:0\tabc\t/usr/lib/migrate-guard/x\n',
  ],
  parse: parseManifest,
  holds: (entries) => {
    if (isUnknown(entries))
      return expect(entries.unknown).toMatch(/^line [1-9]\d* of the manifest is malformed$/);
    expect(entries.every(({ path }) => path.startsWith('/'))).toBe(true);
  },
});

fuzz('a map of links', {
  valid: ['# a comment\n\n/var/lib/one/disk.0 /dev/storpool-byid/a\n/dev/x ../y\n'],
  parse: parseMap,
  holds: ({ changes, errors }, text) => {
    const count = text.split('\n').length;
    expect(errors.every(({ line }) => line >= 1 && line <= count)).toBe(true);
    expect(changes.every(({ link, target }) => link.startsWith('/') && target !== '')).toBe(true);
  },
});

const journal = join(directory, 'journal');
const entry = { time: '2024-03-05T10:00:00.000Z', link: '/a', from: '/b', to: '/c' };
fuzz('a journal of relink', {
  valid: [
    ['begin', 'done', 'begin', 'taken-back']
      .map((state) => `${JSON.stringify({ ...entry, state })}\n`)
      .join(''),
  ],
  parse: (text) => {
    writeFileSync(journal, text);
    return readJournal(journal);
  },
  refuses: (error) => error instanceof GuardError && /, line [1-9]\d* is not an entry/.test(error.what),
  holds: (entries) => {
    const words = entries.flatMap(({ link, from, to }) => [link, from, to]);
    expect(words.every((word) => typeof word === 'string')).toBe(true);
  },
});

const path = '/var/lib/one//datastores/0/310/disk.0';

fuzz('what another host reports of a path', {
  valid: [
    `block special file\t8:10\t99\t${path}\0`,
    `regular file\t0:0\t7\t${path}\0`,
    '8:16\tsize\t2048\0' + '8:16\tdevice/wwid\tnaa.600a098038303053453f463045727a6a\0',
    `c36400\t3f2a8e1c00000001\t${path}\0`,
  ],
  parse: (text) => [
    ...withDetails(readStat([path], text), text, text),
    ...withDetails([{ path, type: 'block special file', device: '8:16' }], text, text),
  ],
  holds: (found) => {
    expect(found.map((one) => one.path)).toEqual([path, path]);
    expect(found.every(({ size = 0 }) => size >= 0)).toBe(true);
  },
});

fuzz('a stored layout', {
  valid: [JSON.stringify(layout, null, 2)],
  parse: (text) => {
    writeFileSync(join(directory, `${layout.buildId}.json`), text, { mode: 0o644 });
    return loadLayout(directory, layout.buildId);
  },
  holds: (found) => {
    if (found === undefined) throw new Error('the file is there');
    if (isUnknown(found)) expect(found.unknown).toMatch(/is refused: ./);
    else expect(found.buildId).toBe(layout.buildId);
  },
});

describe('the configuration', () => {
  const file = join(directory, 'config.yaml');
  const read = async (text: string): Promise<void> => {
    writeFileSync(file, text, { mode: 0o644 });
    try {
      await readSettings(file);
    } catch (error) {
      if (!(error instanceof GuardError)) throw error;
      expect(error.what).toContain(file);
      expect([error.what.length < 400 + file.length, error.code]).toEqual([true, 'usage']);
      expect(error.remedy).toBeDefined();
    }
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  };
  const valid = [
    '# a comment\nlibvirt:\n  state_directory: /run/libvirt/qemu\n  deadline: 5\nssh: { user: oneadmin, deadline: 2.5 }\n',
    'reset:\n  strategies: [cont, memory]\npolicy: { when_guard_fails: refuse }\nmigrate:\n  uri: "qemu+ssh://{host}/system"\n',
  ];
  const runs = Number(process.env['MIGRATE_GUARD_FUZZ'] ?? 200);

  test(`${runs} hostile texts`, async () => {
    await fc.assert(fc.asyncProperty(hostile(valid), read), { numRuns: runs });
  }, 3_600_000);

  test.each([
    ['deep lists', '['.repeat(1_000_000)],
    ['deep maps', '{a: '.repeat(250_000)],
    ['deep blocks', '- '.repeat(500_000)],
    ['a key of a megabyte', `${'k'.repeat(1_000_000)}: 1\n`],
    ['a number of a megabyte', `libvirt: { deadline: ${'9'.repeat(1_000_000)} }\n`],
    ['what expands', `a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n`],
    ['a prototype', 'constructor: { prototype: { polluted: 1 } }\n__proto__: { polluted: 1 }\n'],
  ])('%s', async (_, text) => read(text));
});

test('a stream is split into the same lines, whatever its chunks are, and a line that is too long is not kept', () => {
  const longest = 16;
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '日', '😀', '\r', ' '), maxLength: 24 });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 12 })), (wanted, sizes) => {
      const stream = Buffer.from(wanted.map((text) => `${text}\n`).join(''));
      const lines = new Lines(longest);
      const found: unknown[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const size = sizes[turn % Math.max(1, sizes.length)] ?? 5;
        found.push(...lines.take(stream.subarray(at, at + size)));
        expect(lines.kept).toBeLessThanOrEqual(longest);
        at += size;
      }
      expect(found).toEqual(wanted.map((text) => (Buffer.byteLength(text) > longest ? tooLong : text)));
      expect(lines.rest()).toBeUndefined();
    }),
  );
});

test('an endless line is reported once, and not kept', () => {
  const lines = new Lines(maxLineBytes);
  const piece = Buffer.alloc(64 * 1024, 'x');
  const found: unknown[] = [];
  for (let sent = 0; sent < 128 * 1024 * 1024; sent += piece.length) found.push(...lines.take(piece));
  expect([found, lines.kept, lines.rest()]).toEqual([[tooLong], 0, undefined]);
  expect(lines.take(Buffer.from('\nnext'))).toEqual([]);
  expect(lines.rest()).toBe('next');
});
