import { Parser, type SaxParser } from 'xml2js/lib/parser';
import { XmlError, type Element } from '../core/element';
import { cut } from '../core/one-line';

/** The elements of a document take up to ten times its length in memory. */
const maxDocumentChars = 128 * 1024 * 1024;
const maxDepth = 200;
/** For each write to sax, which checks after each that no value or comment has more than 64 KiB. */
const pieceChars = 8 * 1024;
/** A name in an error message may be as long as the document. */
const maxMessageChars = 200;

/** An element whose end was not read yet; or the document itself, which has no name. */
interface Growing extends Element {
  readonly children: Growing[];
  text: string;
}

const noAttribute: ReadonlyMap<string, string> = new Map();

/** The entities of XML. sax also has those of HTML. */
const entities = Object.assign(Object.create(null) as object, {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
});

/**
 * Replaces the plain object in which sax collects the attributes of a tag: there `__proto__` gets lost, an attribute
 * `hasOwnProperty` makes sax fail, and the second of two with one name is ignored. This object never keeps any.
 */
const keepsNothing = new Proxy({ hasOwnProperty: () => false }, { set: () => true });

/**
 * Reads a whole XML document as libvirt and OpenNebula write it, and returns its root element. Document types are refused,
 * and with them all entities but the five of XML.
 *
 * This listens to the parser of xml2js. The objects that xml2js makes have a key for each name in the document, so that an
 * element named `__proto__` or `_` breaks them; they take four times as long, and twice the memory.
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
    // Not by parseString(), which continues after an error, and ignores errors after the root element.
    for (let at = 0; at < source.length; at += pieceChars) {
      sax.write(source.slice(at, at + pieceChars));
      // sax takes quadratic time for a declaration.
      if (sax.sgmlDecl.length > '[CDATA['.length) fail('a declaration is not accepted');
    }
    sax.close();
    return document.children[0] ?? fail('there is no element');
  } catch (error) {
    const [what = ''] = (error as Error).message.split('\n');
    throw new XmlError(`line ${sax.line + 1}: ${cut(what, maxMessageChars)}`);
  }
}

/** Adds all that is read to the document. */
function grow(document: Growing, sax: SaxParser): void {
  const open = [document];
  let top = document;
  let attributes = new Map<string, string>();
  sax.onopentagstart = (tag) => {
    // sax reads the content of a document type as tags, too.
    if (sax.doctype !== '') fail('a document type is not accepted');
    if (top === document && document.children.length > 0) fail('there is more than one root element');
    if (open.length > maxDepth) fail('elements are nested too deeply');
    tag.attributes = keepsNothing;
    if (attributes.size > 0) attributes = new Map();
  };
  sax.onattribute = ({ name, value }) => {
    if (attributes.has(name)) fail(`attribute ${name} occurs twice`);
    // Flattens the string that sax has concatenated character by character, which takes much more memory.
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

/** Makes sax refuse what it would ignore. */
function refuseMore(sax: SaxParser, source: string): void {
  const { onopentag: open } = sax;
  sax.onerror = fail;
  sax.ENTITIES = entities;
  sax.onopentag = (tag) => {
    const next = source.indexOf('<', sax.startTagPosition);
    if (next >= 0 && next < sax.position) fail('there is a "<" in a tag');
    if (source.charAt(sax.startTagPosition).trim() === '') fail('there is a blank before a name');
    open(tag);
  };
  sax.ondoctype = () => fail('a document type is not accepted');
  sax.onsgmldeclaration = () => fail('a declaration is not accepted');
}

function fail(what: string | Error): never {
  throw typeof what === 'string' ? new Error(what) : what;
}
