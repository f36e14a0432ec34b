import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';
import { child, children, descend, textIn, XmlError } from '../../../src/core/element';
import { readXml } from '../../../src/os/read-xml';
import { hostileNames, impossibleNames } from '../../support/hostile-xml-names';
import { plainElement, type PlainElement } from '../../support/plain-element';

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,8}$/), fc.constantFrom(...hostileNames));
const text = fc.string({
  unit: fc.constantFrom('a', 'é', '日', '😀', '<', '>', '&', '"', "'", ' ', ']'),
  maxLength: 12,
});

/** The source text, and the result that it must have. */
interface Part {
  readonly source: string;
  readonly text?: string;
  readonly element?: PlainElement;
}

const document = fc.letrec<{ element: Part; inner: Part }>((tie) => ({
  inner: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text.map((value): Part => ({ source: escape(value), text: value })),
    text
      .map((value) => value.replaceAll(']]>', ''))
      .map((value): Part => ({ source: `<![CDATA[${value}]]>`, text: value })),
    fc.constant<Part>({ source: '<!-- a -> comment <b> -->' }),
    fc.constant<Part>({ source: '<?pi some="thing"?>' }),
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
    .map(({ tag, attributes, inner, blank }): Part => {
      const start = [
        tag,
        ...attributes.map(([key, value, quote]) => `${key}${blank}=${blank}${quote}${escape(value)}${quote}`),
      ];
      const within = inner.map(({ source }) => source).join('');
      const source =
        inner.length === 0
          ? `<${start.join(' ')}${blank}/>`
          : `<${start.join(' ')}${blank}>${within}</${tag}${blank}>`;
      const element = {
        name: tag,
        attributes: attributes.map(([key, value]) => [key, value] as const),
        children: inner.flatMap((part) => part.element ?? []),
        text: inner
          .map((part) => part.text ?? '')
          .join('')
          .trim(),
      };
      return { source, element };
    }),
})).element;

const realStatus = readFileSync(join(__dirname, '../fixtures/status-one-310.xml'), 'utf8');

const ownOfPrototype = Object.getOwnPropertyNames(Object.prototype).length;

describe('readXml', () => {
  test('reads what was written', () => {
    fc.assert(
      fc.property(document, ({ source, element }) => {
        expect(plainElement(readXml(source))).toEqual(element);
      }),
      { numRuns: 1000 },
    );
  });

  test('reads a status XML of libvirt', () => {
    const root = readXml(realStatus);
    expect([root.name, root.attributes.get('pid'), root.children.length]).toEqual(['domstatus', '90', 15]);
    const disks = children(descend(root, 'domain', 'devices'), 'disk');
    expect(disks.map((disk) => child(disk, 'source')?.attributes.get('dev'))).toEqual([
      '/var/lib/one//datastores/0/310/disk.0',
      '/var/lib/one//datastores/0/310/disk.1',
    ]);
  });

  test('accepts a byte order mark, a declaration, and blanks and comments around', () => {
    const empty = { name: 'a', attributes: [], children: [], text: '' };
    expect(plainElement(readXml('\uFEFF<?xml version="1.0"?>\n<!-- b --><a/>\n<!-- c -->\n'))).toEqual(empty);
  });

  test.each(hostileNames)(
    '%s is a name like any other: of an element, of an attribute, of all of them',
    (name) => {
      const one = `<${name} ${name}="1" b="2">c<![CDATA[d]]></${name}>`;
      const source = `<${name} ${name}="3" a="4">${one}<e/>${one} <${name}/></${name}>`;
      const inner = {
        name,
        attributes: [
          [name, '1'],
          ['b', '2'],
        ],
        children: [],
        text: 'cd',
      };
      const empty = { attributes: [], children: [], text: '' };
      expect(plainElement(readXml(source))).toEqual({
        name,
        attributes: [
          [name, '3'],
          ['a', '4'],
        ],
        children: [inner, { ...empty, name: 'e' }, inner, { ...empty, name }],
        text: '',
      });
      expect(() => readXml(`<a ${name}="1" b="2" ${name}="1"/>`)).toThrow(
        new XmlError(`line 1: attribute ${name} occurs twice`),
      );
      expect(() => readXml(`<a>&${name};</a>`)).toThrow(XmlError);
      expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(ownOfPrototype);
    },
  );

  test.each(impossibleNames)('%s is not a name', (name) => {
    expect(() => readXml(`<a><${name}/></a>`)).toThrow(XmlError);
    expect(() => readXml(`<a ${name}="1"/>`)).toThrow(XmlError);
  });

  test('with any chunks that the parser gets', () => {
    const source = `<a bc="d &lt; 'e'">f&amp;g<!-- h --><![CDATA[ij]]]]><?k l?><m n='o'/></a>`;
    const expected = plainElement(readXml(source));
    expect([expected.text, expected.children.length]).toEqual(['f&gij]]', 1]);
    for (let before = 0; before <= source.length; before += 1)
      expect(plainElement(readXml(' '.repeat(8192 - before) + source))).toEqual(expected);
  });

  test('text may be long; a name, a value or a comment of more than 64 KiB is refused', () => {
    const long = 'x'.repeat(1_000_000);
    expect(readXml(`<a>${long}<![CDATA[${long}]]>${long}</a>`).text).toBe(long + long + long);
    for (const source of [`<a b="${long}"/>`, `<${long}/>`, `<a ${long}=""/>`, `<a><!--${long}--></a>`])
      expect(() => readXml(source)).toThrow(/^line 1: Max buffer length exceeded: /);
    expect(readXml(`<a b="${'x'.repeat(60_000)}"/>`).attributes.get('b')).toHaveLength(60_000);
  });

  test('no document affects the next one', () => {
    expect(() => readXml('<a b="1" c="2" b="3"/>')).toThrow(XmlError);
    expect(plainElement(readXml('<a d="1"/>')).attributes).toEqual([['d', '1']]);
    expect(plainElement(readXml('<a/>')).attributes).toEqual([]);
  });

  test('empty elements keep their place among the others', () => {
    const source = `<a>
      <b/><c x="1"/> <d y = '2' /><e>f</e><g x="&amp;"/><h x="1" y="2"/>
      t<i/><j/><!-- k --><l/><m/><n o="x p = 1" p='/>'/><q r="1"
      s='2'>  u </q ><v> </v><w></w></a>`;
    const root = readXml(source);
    expect(root.children.map(({ name }) => name).join('')).toBe('bcdeghijlmnqvw');
    expect([root.text, textIn(root, 'q'), textIn(root, 'v')]).toEqual(['t', 'u', '']);
    expect([...(child(root, 'n')?.attributes ?? [])]).toEqual([
      ['o', 'x p = 1'],
      ['p', '/>'],
    ]);
  });

  test('finds children by name', () => {
    const root = readXml('<a><b n="1"><c>x</c></b><b n="2"/></a>');
    expect(child(root, 'b')?.attributes.get('n')).toBe('1');
    expect(children(root, 'b')).toHaveLength(2);
    expect([textIn(root, 'b', 'c'), textIn(root, 'b', 'd'), textIn(undefined)]).toEqual(['x', '', '']);
    expect([child(undefined, 'b'), descend(root, 'b', 'd'), children(undefined, 'b')]).toEqual([
      undefined,
      undefined,
      [],
    ]);
  });
});
