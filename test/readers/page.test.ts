import { renderPage } from '../../src/fleet/page/page';
import { inOrder, isAtRisk, worstFirst } from '../../src/fleet/model/fleet';
import { makeFleet } from '../support/fake-fleet/fake-fleet';
import { ifMade } from '../support/if-made';
import { startReader, type Reader } from './browser';
import { lowContrasts } from './contrast';

let reader: Reader;
beforeAll(async () => {
  reader = await startReader();
});
afterAll(() => ifMade(reader, (made) => made.close()));

const fleet = makeFleet({ vms: 1000, hosts: 40, silentHosts: 1 });
const html = renderPage(fleet, '1.2.3');
const small = makeFleet({ vms: 40, hosts: 4, trouble: 0.5, seed: 5 });
const smallHtml = renderPage(small, '1.2.3');
const oddHtml = renderPage(
  makeFleet({ vms: 60, hosts: 3, trouble: 0.6, odd: true, silentHosts: 1 }),
  '1.2.3',
);

const rows = 'table.vms > tbody';
const shownRows = `${rows}:not([hidden])`;
const openAll = "for (const details of document.querySelectorAll('details')) details.open = true";
/** The details of the first VM of `small`, which is at risk. */
const firstDetails = '#vm-1';

test('it requests nothing but itself, without any complaint', async () => {
  const { page, requests, complaints } = await reader.open(html);
  await page.fill('input[type=search]', 'db');
  await page.click(`${shownRows} a`);
  expect(requests).toEqual([page.url().replace(/#.*/, '')]);
  expect(complaints).toEqual([]);
});

test('hostile names stay text: they run no script and load nothing', async () => {
  const { page, requests, complaints } = await reader.open(oddHtml);
  await page.evaluate(openAll);
  expect(await page.evaluate('typeof pwned')).toBe('undefined');
  expect(await page.locator('script, img, svg, iframe').count()).toBe(1);
  expect(requests).toHaveLength(1);
  expect(complaints).toEqual([]);
});

test('the search and the filters narrow table and map', async () => {
  const { page } = await reader.open(html);
  const found = page.locator('output');
  expect(await found.textContent()).toBe('1000 of 1000 VMs');

  const dbs = fleet.domains.filter(({ name }) => name?.startsWith('db-'));
  await page.fill('input[type=search]', ' DB- ');
  expect(await found.textContent()).toBe(`${dbs.length} of 1000 VMs`);
  expect(await page.locator(shownRows).count()).toBe(dbs.length);
  expect(await page.locator('.map a.mark:not(.other)').count()).toBe(dbs.length);

  await page.selectOption('select[name=verdict]', 'at-risk');
  expect(await page.locator(shownRows).count()).toBe(dbs.filter(isAtRisk).length);

  await page.fill('input[type=search]', '');
  await page.selectOption('select[name=verdict]', 'stuck');
  const stuck = fleet.domains.filter(({ blockState }) => blockState === 'stuck');
  expect(await page.locator(shownRows).count()).toBe(stuck.length);
  await page.selectOption('select[name=host]', stuck[0]?.host ?? '');
  expect(await page.locator(shownRows).count()).toBe(
    stuck.filter(({ host }) => host === stuck[0]?.host).length,
  );

  // A hidden row is shown when a link of the map leads to it.
  await page.click('.map a.mark.other >> nth=0');
  await found.getByText('1000 of 1000 VMs', { exact: true }).waitFor();
});

test('the search finds a path that only the details contain, too', async () => {
  const { page } = await reader.open(html);
  const vm = fleet.domains.find(({ plan }) => plan.length > 0);
  const path = vm?.plan.at(-1)?.path ?? '';
  expect(vm?.reason).not.toContain(path);
  await page.fill('input[type=search]', path);
  expect(await page.locator(`${shownRows} > tr:first-child > th`).allTextContents()).toEqual([vm?.domain]);
});

test('each column sorts in both directions, and shows it', async () => {
  const { page } = await reader.open(html);
  const column = (number: number): Promise<string[]> =>
    page.locator(`${rows} > tr:first-child > :nth-child(${number})`).allTextContents();
  const sorted = page.locator('th[aria-sort]');
  expect(await sorted.textContent()).toBe('Verdict');
  expect(await column(1)).toEqual(worstFirst(fleet.domains).map(({ domain }) => domain));

  await page.click('th button >> text=Host');
  const hosts = fleet.domains.map(({ host }) => host).sort(inOrder);
  expect(await column(3)).toEqual(hosts);
  expect(await page.locator('th[aria-sort=ascending]').textContent()).toBe('Host');
  await page.click('th button >> text=Host');
  expect(await column(3)).toEqual(hosts.toReversed());
  expect(await page.locator('th[aria-sort=descending]').textContent()).toBe('Host');

  await page.click('th button >> text=Verdict');
  const verdicts = (await column(4)).map((text) => text.replace(/^. /, ''));
  expect(verdicts).toEqual(worstFirst(fleet.domains).map(({ verdict }) => verdict));
  await page.click('th button >> text=Checked');
  expect((await column(6)).at(-1)).toBe('never');
  expect(await sorted.count()).toBe(1);
});

test('the keyboard alone reaches a VM on the map and opens its details', async () => {
  const { page } = await reader.open(smallHtml);
  const isOnMap = "document.activeElement.matches('.map a.mark')";
  let stops = 0;
  do {
    await page.keyboard.press('Tab');
    stops += 1;
  } while (stops < 30 && !(await page.evaluate(isOnMap)));
  expect(stops).toBeLessThan(15);
  await page.keyboard.press('End');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  const target = String(await page.evaluate('document.activeElement.hash'));
  expect(await page.locator(target).isVisible()).toBe(false);
  // A focus must be visible.
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await page.keyboard.press('Enter');
  expect(await page.locator(target).isVisible()).toBe(true);
  expect(
    await page.evaluate(`document.activeElement.parentElement.querySelector('${target}') !== null`),
  ).toBe(true);
  // The next Tab continues from there, to the first text to copy.
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Copy');
  // One Tab leaves the map, whatever its size.
  await page.focus('.map a.mark[tabindex="0"]');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(isOnMap)).toBe(false);
});

test('headers sort by keyboard', async () => {
  const { page } = await reader.open(smallHtml);
  await page.focus('th button >> text=Name');
  await page.keyboard.press('Enter');
  expect(await page.locator('th[aria-sort=ascending]').textContent()).toBe('Name');
});

test('without its script the page still shows everything', async () => {
  const { page } = await reader.open(smallHtml, { javaScriptEnabled: false });
  expect(await page.locator(rows).count()).toBe(40);
  expect(await page.locator('form, button').filter({ visible: true }).count()).toBe(0);
  await page.click(`.map a[href="${firstDetails}"]`);
  expect(await page.locator(firstDetails).isVisible()).toBe(true);
});

test.each(['light', 'dark'] as const)('%s: every text is readable', async (colorScheme) => {
  const { page } = await reader.open(oddHtml, { colorScheme });
  await page.evaluate(openAll);
  expect(await page.evaluate(lowContrasts)).toEqual([]);
});

test('light and dark differ', async () => {
  const paper = async (colorScheme: 'light' | 'dark'): Promise<unknown> => {
    const { page } = await reader.open(smallHtml, { colorScheme });
    return page.evaluate('getComputedStyle(document.body).backgroundColor');
  };
  expect(await paper('light')).not.toEqual(await paper('dark'));
});

test('a narrow window needs no horizontal scrolling', async () => {
  const { page } = await reader.open(oddHtml, { viewport: { width: 360, height: 700 } });
  await page.evaluate(openAll);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
});

test('on paper all details are open, with and without the script, and afterwards as before', async () => {
  const { page } = await reader.open(smallHtml);
  const closed = "document.querySelectorAll('details:not([open])').length";
  const before = await page.evaluate(closed);
  await page.evaluate(`addEventListener('beforeprint', () => { closedOnPaper = ${closed}; })`);
  expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
  expect(await page.evaluate('closedOnPaper')).toBe(0);
  expect(await page.evaluate(closed)).toBe(before);

  const { page: silent } = await reader.open(smallHtml, { javaScriptEnabled: false });
  expect(await silent.locator(firstDetails).isVisible()).toBe(false);
  await silent.emulateMedia({ media: 'print' });
  expect(await silent.locator(firstDetails).isVisible()).toBe(true);
});

test('a command is copied; if a page may not copy, it is selected', async () => {
  const { page } = await reader.open(smallHtml, { permissions: ['clipboard-read', 'clipboard-write'] });
  const command = await page.locator('code.command >> nth=0').textContent();
  await page.click('button.copy >> nth=0');
  await page.locator('button.copy >> nth=0 >> text=Copied').waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(command);

  // A page that came by plain http has no clipboard, either.
  const prepare = "Object.defineProperty(navigator, 'clipboard', { value: undefined })";
  const { page: other } = await reader.open(smallHtml, { prepare });
  await other.click('button.copy >> nth=0');
  await other.locator('button.copy >> nth=0 >> text=Selected').waitFor();
  expect(await other.evaluate('String(getSelection())')).toBe(command);
});
