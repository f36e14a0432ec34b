import fc from '../../support/seeded-fast-check';
import { manPage, roff } from '../../../src/cli/man-page';
import { optionsOf } from '../../../src/cli/command';
import { verbs } from '../../../src/commands';
import { exitCodes } from '../../../src/core/exit-codes';

const page = manPage(verbs, '1.2.3', '2026-11-23');

test('the line that whatis reads', () => {
  expect(page).toContain('\n.SH "NAME"\nmigrate\\-guard \\- checks, repairs and moves');
  expect(page).toMatch(/^\.TH MIGRATE\\-GUARD 1 "2026\\-11\\-23" "migrate\\-guard 1\.2\.3" /);
});

test.each(verbs.map((verb) => [verb.name, verb] as const))(
  '%s: its words, summary, options, examples',
  (name, verb) => {
    const start = page.indexOf(`\n.SS "${roff(`${name} ${verb.words}`.trim())}"\n`);
    expect(start).toBeGreaterThan(0);
    const end = page.slice(start + 1).search(/\n\.S[SH] /);
    const section = page.slice(start, start + 1 + end);
    expect(section).toContain(roff(verb.summary.slice(1)));
    for (const [option, { help, value }] of Object.entries(verb.options)) {
      const tag = `\\fB\\-\\-${roff(option)}\\fR${value === undefined ? '' : ` ${roff(value)}`}`;
      expect(section).toContain(`\n.TP\n${tag}\n${roff(help.charAt(0).toUpperCase() + help.slice(1))}`);
    }
    expect(verb.examples.length).toBeGreaterThan(0);
    for (const [command, what] of verb.examples) {
      expect(command.startsWith(`migrate-guard ${name}`)).toBe(true);
      expect(section).toContain(`\\fB${roff(command)}\\fR\n${roff(what)}`);
    }
    for (const option of Object.keys(optionsOf(verb))) expect(page).toContain(`\\-\\-${roff(option)}\\fR`);
  },
);

test('every exit status', () => {
  for (const { status } of Object.values(exitCodes)) expect(page).toContain(`\n.TP\n\\fB${status}\\fR\n`);
});

test('only macros begin with a character that starts a roff request', () => {
  const macros = /^\.(TH|SH|SS|TP|PP|BR|br|nh|ad)\b/;
  for (const line of page.split('\n')) expect(/^['.]/.test(line) && !macros.test(line)).toBe(false);
});

test('roff reads any text as one line of plain ASCII, without interpreting any character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = roff(text);
      expect(escaped).not.toMatch(/^['.]|[^\0-\x7f]|\n/);
      // Each backslash begins one of the escapes above.
      expect(escaped.replace(/\\(e|-|&|\([a-z]{2}|\[u[0-9A-F]{4,6}\])/g, '')).not.toContain('\\');
    }),
  );
});
