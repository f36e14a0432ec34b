import { Parser, type SaxParser } from 'xml2js/lib/parser';
import { XmlError, type Element } from '../core/element';
import { cut } from '../core/one-line';

/** Characters; the elements of a document take up to ten times its length in memory. */
const maxDocumentChars = 128 * 1024 * 1024;
const maxDepth = 200;
/** Characters that sax gets at once. After each piece it refuses a value or a comment of more than 64 KiB. */
const pieceChars = 8 * 1024;
/** Characters of a message: a name in it may be as long as the document. */
const maxMessageChars = 200;

/** An element whose end was not read yet, and the document itself, which has no name. */
interface Growing extends Element {
  readonly children: Growing[];
  text: string;
}

const noAttribute: ReadonlyMap<string, string> = new Map();

/** Those of XML. sax knows those of HTML as well. */
const entities = Object.assign(Object.create(null) as object, {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
});

/**
 * Stands where sax puts the attributes of a tag: that is a plain object, in which `__proto__` gets lost, after
 * `hasOwnProperty` sax itself fails, and of two with one name the second is passed over. Here none is ever there.
 */
const keepsNothing = new Proxy({ hasOwnProperty: () => false }, { set: () => true });

/**
 * Reads a whole XML document as libvirt and OpenNebula write it, and gives its root element. Document types are refused,
 * and with them all entities but the five of XML.
 *
 * xml2js reads, and here is heard what it hears of its parser. The objects that it makes would have a key for each name
 * in the document, so that one named `__proto__` or `_` breaks them; they take four times as long, and twice the memory.
 * @throws XmlError naming the line of what is wrong.
 */
export function readXml(source: string): Element {
  if (source.length > maxDocumentChars)
    throw new XmlError(`line 1: the document is longer than ${maxDocumentChars} characters`);
  const { saxParser: sax } = new Parser({ strict: true });
  const document: Growing = { name: '', attributes: noAttribute, children: [], text: '' };
  grow(document, sax);
  refuseMore(sax, source);
  try {
    // Not by parseString(), which reads on after an error, and is silent about errors after the root element.
    for (let at = 0; at < source.length; at += pieceChars) {
      sax.write(source.slice(at, at + pieceChars));
      // Of a declaration, which takes sax time with the square of its length.
      if (sax.sgmlDecl.length > '[CDATA['.length) fail('a declaration is not accepted');
    }
    sax.close();
    return document.children[0] ?? fail('there is no element');
  } catch (error) {
    const [what = ''] = (error as Error).message.split('\n');
    throw new XmlError(`line ${sax.line + 1}: ${cut(what, maxMessageChars)}`);
  }
}

/** Puts all that is read into the document. */
function grow(document: Growing, sax: SaxParser): void {
  const open = [document];
  let top = document;
  let attributes = new Map<string, string>();
  sax.onopentagstart = (tag) => {
    // What stands in one is read as tags, too.
    if (sax.doctype !== '') fail('a document type is not accepted');
    if (top === document && document.children.length > 0) fail('there is more than one root element');
    if (open.length > maxDepth) fail('elements are nested too deeply');
    tag.attributes = keepsNothing;
    if (attributes.size > 0) attributes = new Map();
  };
  sax.onattribute = ({ name, value }) => {
    if (attributes.has(name)) fail(`attribute ${name} stands twice`);
    // sax has put it together from single characters, and until it is asked for one it is kept as them all.
    value.charCodeAt(0);
    attributes.set(name, value);
  };
  sax.onopentag = ({ name }) => {
    const element = {
      name,
      attributes: attributes.size > 0 ? attributes : noAttribute,
      children: [],
      text: '',
    };
    top.children.push(element);
    open.push(element);
    top = element;
  };
  sax.ontext = (text) => {
    top.text += text;
  };
  sax.oncdata = sax.ontext;
  sax.onopencdata = () => {
    if (top === document) fail('text outside the root element');
  };
  sax.onclosetag = () => {
    top.text = top.text.trim();
    open.pop();
    top = open.at(-1) ?? document;
  };
}

/** Has it refuse what it would pass over. */
function refuseMore(sax: SaxParser, source: string): void {
  const { onopentag: open } = sax;
  sax.onerror = fail;
  sax.ENTITIES = entities;
  sax.onopentag = (tag) => {
    const next = source.indexOf('<', sax.startTagPosition);
    if (next >= 0 && next < sax.position) fail('a "<" stands in a tag');
    if (source.charAt(sax.startTagPosition).trim() === '') fail('a blank stands before a name');
    open(tag);
  };
  sax.ondoctype = () => fail('a document type is not accepted');
  sax.onsgmldeclaration = () => fail('a declaration is not accepted');
}

function fail(what: string | Error): never {
  throw typeof what === 'string' ? new Error(what) : what;
}
