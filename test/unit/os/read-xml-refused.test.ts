import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from '../../support/seeded-fast-check';
import { XmlError } from '../../../src/core/element';
import { readXml } from '../../../src/os/read-xml';
import { plainElement } from '../../support/plain-element';

const realStatus = readFileSync(join(__dirname, '../fixtures/status-one-310.xml'), 'utf8');

describe('documents that are refused', () => {
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
    expect(plainElement(readXml(source))).toEqual({
      name,
      attributes: [['b', attribute]],
      children: [],
      text,
    });
  });

  test('a document of more than 128 Mi characters is refused before it is read', () => {
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
