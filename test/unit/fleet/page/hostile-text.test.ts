import fc from '../../../support/seeded-fast-check';
import { visible } from '../../../../src/fleet/page/markup';
import { renderPage } from '../../../../src/fleet/page/page';
import type { FleetReport } from '../../../../src/fleet/model/fleet';
import { makeFleet } from '../../../support/fake-fleet/fake-fleet';
import { oddNames } from '../../../support/fake-fleet/hostile-names';
import { readPage, textsOf } from './read-page';

const elementsOfPage =
  'a b bdi body br caption code dd details div dl dt footer form h1 h2 h3 h4 head header html input label li main meta ol ' +
  'option output p script section select small span strong style summary table tbody td th thead time title tr ul';
const attributesOfPage =
  'aria-hidden aria-label aria-labelledby aria-sort autocomplete charset class colspan content data-host data-key ' +
  'data-state data-verdict datetime hidden href http-equiv id lang name placeholder role scope title type value';

const hostile = fc.oneof(
  fc.constantFrom(...oddNames),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', ']', '/', '!', '-', ' ', '\0', '\n', '`', '$', '{', 'a'),
  }),
  // Single surrogates occur, too.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

/** The same fleet, in which every text from outside is replaced. */
function withTexts(report: FleetReport, text: () => string): FleetReport {
  const domains = report.domains.map((vm) => ({
    ...vm,
    domain: text(),
    name: text(),
    reason: text(),
    findings: vm.findings.map((finding) => ({
      ...finding,
      check: text(),
      disk: text(),
      path: text(),
      what: text(),
      remedy: text(),
      evidence: {
        host: [text(), `${text()} -> ${text()}`],
        namespace: [text()],
        device: text(),
        open: text(),
      },
    })),
    plan: vm.plan.map((step) => ({ ...step, path: text(), target: text(), was: text(), device: text() })),
  }));
  const trouble = { what: text(), remedy: text() };
  const hosts = report.hosts.map(() => ({ host: text(), cluster: text(), trouble }));
  return { ...report, domains, hosts, host: text(), doubts: [text()] };
}

const fleet = makeFleet({ vms: 12, hosts: 2, trouble: 0.9, seed: 3 });

test('whatever names, paths and reasons contain, the page has only its own elements and attributes', async () => {
  const [elements, attributes] = [elementsOfPage.split(' '), attributesOfPage.split(' ')];
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(hostile), hostile, async (texts, version) => {
      const report = withTexts(fleet, () => String(texts.next().value));
      const page = await readPage(renderPage(report, version));
      expect(page.filter(({ name }) => !elements.includes(name))).toEqual([]);
      const used = new Set(page.flatMap((element) => Object.keys(element.attributes)));
      expect([...used].filter((name) => !attributes.includes(name))).toEqual([]);
      expect(page.filter(({ name }) => ['script', 'style'].includes(name))).toHaveLength(2);
      const ids = page.flatMap((element) => element.attributes.id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      const links = page.flatMap((element) => element.attributes.href ?? []);
      expect(links.filter((link) => !ids.includes(link.slice(1)))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a text adds no element, is shown completely, and hides nothing', async () => {
  const named = (text: string): FleetReport => {
    const domains = fleet.domains.map((vm) => ({ ...vm, name: text, reason: text }));
    return { ...fleet, domains, doubts: [text] };
  };
  const number = (await readPage(renderPage(named('x'), ''))).length;
  await fc.assert(
    fc.asyncProperty(
      hostile.filter((text) => text !== ''),
      async (text) => {
        const html = renderPage(named(text), '');
        expect(html).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
        const page = await readPage(html);
        expect(page).toHaveLength(number);
        expect(textsOf(page, 'summary').slice(1)).toEqual(
          fleet.domains.filter(({ verdict }) => verdict !== 'safe').map(() => visible(text)),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('an invisible character is shown by its number', () => {
  expect(visible('a\u202egnp.exe\nb\0c\u200bd\ud83de')).toBe(
    'a\\u{202e}gnp.exe\\u{a}b\\u{0}c\\u{200b}d\\u{d83d}e',
  );
  expect(visible('خادم データ 🐘 é')).toBe('خادم データ 🐘 é');
});
