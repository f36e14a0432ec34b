import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../fast-check';
import { parseStringPromise } from 'xml2js';
import { child, children, descend, parseXml, XmlError, type Element } from '../../../src/core/xml';

/** One element as xml2js tells it with the options below: `$` attributes, `$$` children in order, `_` text. */
interface Xml2jsElement {
  readonly '#name': string;
  readonly $?: Readonly<Record<string, string>>;
  readonly $$?: readonly Xml2jsElement[];
  readonly _?: string;
}

interface Plain {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Plain[];
  readonly text: string;
}

function plain({ name, attributes, children: inner, text }: Element): Plain {
  return { name, attributes: Object.fromEntries(attributes), children: inner.map(plain), text };
}

function plainOracle(element: Xml2jsElement): Plain {
  return {
    name: element['#name'],
    attributes: { ...element.$ },
    children: (element.$$ ?? []).map(plainOracle),
    text: (element._ ?? '').trim(),
  };
}

async function oracle(source: string): Promise<Plain> {
  const options = { explicitRoot: false, explicitChildren: true, preserveChildrenOrder: true };
  return plainOracle((await parseStringPromise(source, options)) as Xml2jsElement);
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

// Without a first `_`: xml2js itself fails on an element named `_`, and loses one named `__proto__`.
const name = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_.-]{0,8}$/);
const text = fc.string({
  unit: fc.constantFrom('a', 'é', '日', '😀', '<', '>', '&', '"', "'", ' ', ']'),
  maxLength: 12,
});

const document = fc.letrec<{ element: string; inner: string }>((tie) => ({
  inner: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map(escape),
    text.map((value) => `<![CDATA[${value.replaceAll(']]>', '')}]]>`),
    fc.constant('<!-- a -> comment <b> -->'),
    fc.constant('<?pi some="thing"?>'),
    tie('element'),
  ),
  element: fc
    .record({
      tag: name,
      attributes: fc.uniqueArray(fc.tuple(name, text, fc.constantFrom('"', "'")), {
        selector: ([key]) => key,
        maxLength: 3,
      }),
      inner: fc.array(tie('inner'), { maxLength: 4 }),
      blank: fc.constantFrom('', ' ', '\n\t'),
    })
    .map(({ tag, attributes, inner, blank }) => {
      const start = [
        tag,
        ...attributes.map(([key, value, quote]) => `${key}${blank}=${blank}${quote}${escape(value)}${quote}`),
      ];
      return inner.length === 0
        ? `<${start.join(' ')}${blank}/>`
        : `<${start.join(' ')}${blank}>${inner.join('')}</${tag}${blank}>`;
    }),
})).element;

const realStatus = readFileSync(join(__dirname, '../fixtures/status-one-310.xml'), 'utf8');

describe('parseXml', () => {
  test('reads what xml2js reads', async () => {
    await fc.assert(
      fc.asyncProperty(document, async (source) => {
        expect(plain(parseXml(source))).toEqual(await oracle(source));
      }),
      { numRuns: 500 },
    );
  });

  test('reads a status XML of libvirt as xml2js does', async () => {
    expect(plain(parseXml(realStatus))).toEqual(await oracle(realStatus));
  });

  test('accepts a byte order mark and a declaration', () => {
    expect(plain(parseXml('\uFEFF<?xml version="1.0"?>\n<a/>\n'))).toEqual({
      name: 'a',
      attributes: {},
      children: [],
      text: '',
    });
  });

  test('names that would reach a prototype are ordinary names', () => {
    const root = parseXml('<a __proto__="1" constructor="2"><__proto__ polluted="yes"/><constructor/></a>');
    expect([...root.attributes]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(child(root, '__proto__')?.attributes.get('polluted')).toBe('yes');
    expect(({} as { polluted?: string }).polluted).toBeUndefined();
  });

  test('elements without content stand in their order among the others', async () => {
    const source = `<a>
      <b/><c x="1"/> <d y = '2' /><e>f</e><g x="&amp;"/><h x="1" y="2"/>
      t<i/><j/><!-- k --><l/><m/><n o="x p = 1" p='/>'/><q r="1"
      s='2'>  u </q ><v> </v><w></w></a>`;
    expect(plain(parseXml(source))).toEqual(await oracle(source));
    expect(
      parseXml(source)
        .children.map(({ name }) => name)
        .join(''),
    ).toBe('bcdeghijlmnqvw');
  });

  test('finds children by name', () => {
    const root = parseXml('<a><b n="1"><c>x</c></b><b n="2"/></a>');
    expect(child(root, 'b')?.attributes.get('n')).toBe('1');
    expect(children(root, 'b')).toHaveLength(2);
    expect(descend(root, 'b', 'c')?.text).toBe('x');
    expect([child(undefined, 'b'), descend(root, 'b', 'd'), children(undefined, 'b')]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });
});

describe('what is no such document', () => {
  test.each([
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'line 1: a document type is not accepted'],
    ['<a>&nbsp;</a>', 'line 1: entity &nbsp; is not known'],
    ['<a>&constructor;</a>', 'line 1: entity &constructor; is not known'],
    ['<a>&__proto__;</a>', 'line 1: entity &__proto__; is not known'],
    ['<a b="&x"/>', 'line 1: a "&" stands alone'],
    ['<a>&#0;</a>', 'line 1: &#0; is no character'],
    ['<a>&#xD800;</a>', 'line 1: &#xD800; is no character'],
    ['<a>&#x110000;</a>', 'line 1: &#x110000; is no character'],
    ['<a>\n<b>\n</a>', 'line 3: </a> closes nothing'],
    ['<a>\n<b/>', 'line 2: <a> is not closed'],
    ['<a/><b/>', 'line 1: there is more than one root element'],
    ['<a/>b', 'line 1: text outside the root element'],
    ['</a>', 'line 1: </a> closes nothing'],
    ['<a b="1" b="2"/>', 'line 1: attribute b of <a> stands twice'],
    ['<a>\n<b c="1" d=\'2\' c = "3"/></a>', 'line 2: attribute c of <b> stands twice'],
    ['<a><b c="1" d=">" c="3">t</b></a>', 'line 1: attribute c of <b> stands twice'],
    ['<a b=1/>', 'line 1: <a> is malformed'],
    ['<a b="<"/>', 'line 1: <a> is malformed'],
    ['<a b="1"c="2"/>', 'line 1: <a> is malformed'],
    ['<a b/>', 'line 1: <a> is malformed'],
    ['<a / >', 'line 1: <a> is malformed'],
    ['<a ="1"/>', 'line 1: <a> is malformed'],
    ['<a', 'line 1: <a> is malformed'],
    ['< a/>', 'line 1: an element has no name'],
    ['<a><!-- ', 'line 1: a comment does not end'],
    ['<a><![CDATA[ ', 'line 1: a CDATA section does not end'],
    ['<?xml ', 'line 1: a processing instruction does not end'],
    ['', 'line 1: there is no element'],
    [' \n', 'line 2: there is no element'],
    ['\0', 'line 1: text outside the root element'],
  ])('%j: %s', (source, message) => {
    expect(() => parseXml(source)).toThrow(new XmlError(message));
  });

  test('200 levels are read, more are not', () => {
    const nested = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels);
    expect(parseXml(nested(200)).name).toBe('a');
    expect(() => parseXml(nested(201))).toThrow(new XmlError('line 1: elements are nested too deeply'));
  });

  test('a status XML cut off at any byte is refused as broken, and nothing else happens', () => {
    const bytes = Buffer.from(realStatus);
    const whole = realStatus.trimEnd().length;
    for (let length = 0; length < whole; length += 1) {
      expect(() => parseXml(bytes.subarray(0, length).toString())).toThrow(XmlError);
    }
  });

  test('a status XML with any byte changed is read, or refused as broken', () => {
    fc.assert(
      fc.property(
        fc.nat(realStatus.length - 1),
        fc.constantFrom('<', '>', '&', '"', "'", '/', '\0', '!', '=', ' '),
        (at, byte) => {
          const changed = realStatus.slice(0, at) + byte + realStatus.slice(at + 1);
          try {
            parseXml(changed);
          } catch (error) {
            expect(error).toBeInstanceOf(XmlError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['blanks in a tag', `<a${' '.repeat(200_000)}`],
    ['a name without end', `<${'a'.repeat(200_000)}`],
    ['ampersands', `<a>${'&'.repeat(200_000)}</a>`],
    ['blanks around an equals sign', `<a b${' '.repeat(200_000)}=`],
    ['elements without content', '<a>' + '<b/>'.repeat(100_000)],
    ['comments that do not end', '<a>' + '<!--'.repeat(50_000)],
    ['many attributes', `<a ${Array.from({ length: 20_000 }, (_, index) => `b${index}="1"`).join(' ')}`],
  ])('%s do not make it slow', (_, source) => {
    const started = performance.now();
    expect(() => parseXml(source)).toThrow(XmlError);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
