import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';
import { child, children, descend, textIn, XmlError, type Element } from '../../../src/core/element';
import { readXml } from '../../../src/os/read-xml';
import { hostileNames, impossibleNames } from '../../support/hostile-xml-names';

interface Plain {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: readonly Plain[];
  readonly text: string;
}

function plain({ name, attributes, children: inner, text }: Element): Plain {
  return { name, attributes: [...attributes], children: inner.map(plain), text };
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,8}$/), fc.constantFrom(...hostileNames));
const text = fc.string({
  unit: fc.constantFrom('a', 'é', '日', '😀', '<', '>', '&', '"', "'", ' ', ']'),
  maxLength: 12,
});

/** What is written, and what has to be read. */
interface Part {
  readonly source: string;
  readonly text?: string;
  readonly element?: Plain;
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
        expect(plain(readXml(source))).toEqual(element);
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
    expect(plain(readXml('\uFEFF<?xml version="1.0"?>\n<!-- b --><a/>\n<!-- c -->\n'))).toEqual(empty);
  });

  test.each(hostileNames)(
    '%s is a name as any other: of an element, of an attribute, of all of them',
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
      expect(plain(readXml(source))).toEqual({
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

  test.each(impossibleNames)('%s is no name', (name) => {
    expect(() => readXml(`<a><${name}/></a>`)).toThrow(XmlError);
    expect(() => readXml(`<a ${name}="1"/>`)).toThrow(XmlError);
  });

  test('wherever the pieces end that the parser gets at once', () => {
    const source = `<a bc="d &lt; 'e'">f&amp;g<!-- h --><![CDATA[ij]]]]><?k l?><m n='o'/></a>`;
    const expected = plain(readXml(source));
    expect([expected.text, expected.children.length]).toEqual(['f&gij]]', 1]);
    for (let before = 0; before <= source.length; before += 1)
      expect(plain(readXml(' '.repeat(8192 - before) + source))).toEqual(expected);
  });

  test('text may be long; a name, a value or a comment of more than 64 KiB is refused', () => {
    const long = 'x'.repeat(1_000_000);
    expect(readXml(`<a>${long}<![CDATA[${long}]]>${long}</a>`).text).toBe(long + long + long);
    for (const source of [`<a b="${long}"/>`, `<${long}/>`, `<a ${long}=""/>`, `<a><!--${long}--></a>`])
      expect(() => readXml(source)).toThrow(/^line 1: Max buffer length exceeded: /);
    expect(readXml(`<a b="${'x'.repeat(60_000)}"/>`).attributes.get('b')).toHaveLength(60_000);
  });

  test('nothing of one document is in the next', () => {
    expect(() => readXml('<a b="1" c="2" b="3"/>')).toThrow(XmlError);
    expect(plain(readXml('<a d="1"/>')).attributes).toEqual([['d', '1']]);
    expect(plain(readXml('<a/>')).attributes).toEqual([]);
  });

  test('elements without content stand in their order among the others', () => {
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

describe('what is no such document', () => {
  test.each([
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 'line 1: a document type is not accepted'],
    ['<!DOCTYPE a><a/>', 'line 1: a document type is not accepted'],
    ['<!DOCTYPE a [<a/>]><a/>', 'line 1: a document type is not accepted'],
    ['<a><!DOCTYPE a></a>', 'line 1: Inappropriately located doctype declaration'],
    ['<a/><!DOCTYPE a>', 'line 1: Inappropriately located doctype declaration'],
    ['<a><!ENTITY x "y"></a>', 'line 1: a declaration is not accepted'],
    ['<a><!x></a>', 'line 1: a declaration is not accepted'],
    ['<a/><!x>', 'line 1: a declaration is not accepted'],
    ['<a><!x ', 'line 1: Unclosed root tag'],
    ['<a>&nbsp;</a>', 'line 1: Invalid character entity'],
    ['<a>\n&#0;</a>', 'line 2: Invalid character entity'],
    ['<a>&#1;</a>', 'line 1: Invalid character entity'],
    ['<a>&#xD800;</a>', 'line 1: Invalid character entity'],
    ['<a>&#x110000;</a>', 'line 1: Invalid character entity'],
    ['<a b="&x"/>', 'line 1: Invalid character in entity name'],
    ['<a>1 & 2</a>', 'line 1: Invalid character in entity name'],
    ['<a>\n<b>\n</a>', 'line 3: Unexpected close tag'],
    ['<a>\n<b/>', 'line 2: Unclosed root tag'],
    ['<a/><b/>', 'line 1: there is more than one root element'],
    ['<a/><b>', 'line 1: there is more than one root element'],
    ['<a/>b', 'line 1: Text data outside of root node.'],
    ['b<a/>', 'line 1: Non-whitespace before first tag.'],
    ['<a/>&lt;', 'line 1: Text data outside of root node.'],
    ['<a/><![CDATA[b]]>', 'line 1: text outside the root element'],
    ['<![CDATA[b]]><a/>', 'line 1: text outside the root element'],
    ['\0', 'line 1: Non-whitespace before first tag.'],
    ['</a>', 'line 1: Unmatched closing tag: a'],
    ['<a b="1" b="2"/>', 'line 1: attribute b occurs twice'],
    ['<a b="1" b="1"/>', 'line 1: attribute b occurs twice'],
    ['<a>\n<b c="1" d=\'2\' c = "3"/></a>', 'line 2: attribute c occurs twice'],
    ['<a><b c="1" d=">" c="3">t</b></a>', 'line 1: attribute c occurs twice'],
    ['<a b=1/>', 'line 1: Unquoted attribute value'],
    ['<a b="<"/>', 'line 1: there is a "<" in a tag'],
    ['<a b="1"c="2"/>', 'line 1: No whitespace between attributes'],
    ['<a b/>', 'line 1: Invalid attribute name'],
    ['<a / >', 'line 1: Forward-slash in opening tag not followed by >'],
    ['<a ="1"/>', 'line 1: Invalid attribute name'],
    ['<a', 'line 1: Unexpected end'],
    ['< a/>', 'line 1: there is a blank before a name'],
    ['<1/>', 'line 1: Unencoded <'],
    ['<a><!-- ', 'line 1: Unclosed root tag'],
    ['<a><!-- -- --></a>', 'line 1: Malformed comment'],
    ['<a><![CDATA[ ', 'line 1: Unclosed root tag'],
    ['<?xml ', 'line 1: Unexpected end'],
    ['<a/><!-- ', 'line 1: Unexpected end'],
    ['<a/><b', 'line 1: Unexpected end'],
    ['', 'line 1: there is no element'],
    [' \n', 'line 1: there is no element'],
    ['<!-- a -->', 'line 1: there is no element'],
  ])('%j: %s', (source, message) => {
    expect(() => readXml(source)).toThrow(new XmlError(message));
  });

  test('a message is short, however long the names are', () => {
    const long = 'a'.repeat(10_000);
    for (const source of [`</${long}>`, `<a ${long}="1" ${long}="2"/>`])
      expect(() => readXml(source)).toThrow(/^line 1: [^…]{199}…$/);
  });

  test.each([
    ['a control character', '<a b="\x01">\x02</a>', ['a', '\x01', '\x02']],
    ['half a surrogate pair', '<a b="\ud800">\udfff</a>', ['a', '\ud800', '\udfff']],
    ['names of XML in other case', '<a b="&LT;">&Amp;</a>', ['a', '<', '&']],
    ['a blank before the name that closes', '<a b="c">d</ a>', ['a', 'c', 'd']],
  ])('XML does not allow %s, which has only one meaning', (_, source, [name, attribute, text]) => {
    expect(plain(readXml(source))).toEqual({ name, attributes: [['b', attribute]], children: [], text });
  });

  test('what is longer than 128 Mi characters is refused before it is read', () => {
    const text = ' '.repeat(128 * 1024 * 1024);
    expect(() => readXml(text + '<')).toThrow(
      new XmlError('line 1: the document is longer than 134217728 characters'),
    );
  });

  test('200 levels are read, more are not', () => {
    const nested = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels);
    expect(readXml(nested(200)).name).toBe('a');
    expect(() => readXml(nested(201))).toThrow(new XmlError('line 1: elements are nested too deeply'));
  });

  test('cut off anywhere: refused as broken, and nothing else happens', () => {
    const small = `<?xml version="1.0"?><!-- a --><a b="c &lt;" d='e'>f<g/>&#65;<![CDATA[h]]><?i j?><k> l </k></a>`;
    for (let length = 0; length < small.length; length += 1)
      expect(() => readXml(small.slice(0, length))).toThrow(XmlError);
    const whole = realStatus.trimEnd();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(() => readXml(whole.slice(0, length))).toThrow(XmlError);
      }),
      { numRuns: 300 },
    );
  });

  test('a status XML with any byte changed is read, or refused as broken', () => {
    fc.assert(
      fc.property(
        fc.nat(realStatus.length - 1),
        fc.constantFrom('<', '>', '&', '"', "'", '/', '\0', '!', '=', ' '),
        (at, byte) => {
          const changed = realStatus.slice(0, at) + byte + realStatus.slice(at + 1);
          try {
            readXml(changed);
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
    ['a declaration that does not end', `<a><!${'x'.repeat(200_000)}`],
    ['references', `<a>${'&lt;'.repeat(100_000)}`],
    ['many attributes', `<a ${Array.from({ length: 20_000 }, (_, index) => `b${index}="1"`).join(' ')}`],
  ])('%s do not make it slow', (_, source) => {
    const started = performance.now();
    expect(() => readXml(source)).toThrow(XmlError);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
