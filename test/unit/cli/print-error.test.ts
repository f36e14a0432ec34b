import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const print = JSON.stringify(join(__dirname, '../../../src/cli/print-reports'));

/** These tests read the stdout of a separate process, because documents are written straight to the descriptor. */
function printedText(script: string): string {
  const argv = ['-r', 'ts-node/register/transpile-only', '-e', script];
  return execFileSync(process.execPath, argv, { encoding: 'utf8' });
}

function printed(script: string): unknown {
  return JSON.parse(printedText(script));
}

const report = { domain: 'one-1', pid: 1, verdict: 'safe', blockState: 'unknown', findings: [], plan: [] };
const failing = `
  const { printEach, printJsonError } = require(${print});
  async function* reports() { REPORTS throw new Error('x'); }
  const line = { words: [], flag: () => true, value: () => undefined };
  printEach(reports(), line, String, String).catch(() => printJsonError({ what: 'a "reason"' }));`;

test('an error before the first domain is a document without domains', () => {
  expect(printed(failing.replace('REPORTS', ''))).toEqual({ error: { what: 'a "reason"' } });
});

test('an error in the middle ends the document, which keeps what was known', () => {
  const one = `yield ${JSON.stringify(report)};`;
  expect(printed(failing.replace('REPORTS', one + one))).toMatchObject({
    domains: [report, report],
    error: { what: 'a "reason"' },
  });
});

test('a document contains no control character that a terminal interprets, and the same data', () => {
  const what = '\u001b[2J \u007f \u009b2J höst';
  const text = printedText(`require(${print}).printJson(${JSON.stringify({ what })})`);
  expect(text).toMatch(/^[\n\x20-\x7e\u00a0-\uffff]*$/);
  expect(JSON.parse(text)).toEqual({ what });
});
