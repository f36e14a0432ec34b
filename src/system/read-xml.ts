import { Parser, type SaxParser } from 'xml2js/lib/parser';
import { XmlError, type Element } from '../core/element';
import { cut } from '../core/one-line';

/** Characters; the tree of a document takes about ten times its length in memory. */
const maximumLength = 128 * 1024 * 1024;
const maximumDepth = 200;
/** Characters of a message: a name in it may be as long as the document. */
const longestMessage = 200;

/** Keys of xml2js for what is no child. No document has an element of that name: names of XML hold no blank. */
const keys = { attrkey: 'the attributes', charkey: 'the text', childkey: 'the children' } as const;

/** One element as xml2js gives it: beside these, under the name of each child, what is never looked at. */
interface Read {
  readonly '#name': string;
  readonly [keys.attrkey]?: Readonly<Record<string, string>>;
  readonly [keys.charkey]?: string;
  readonly [keys.childkey]?: readonly Done[];
}

/** xml2js copies what stands in an element's place key by key, and slowly: so it has one. */
interface Done {
  readonly element: Element;
}

const noAttribute: Element['attributes'] = new Map();

const options = {
  ...keys,
  async: false,
  strict: true,
  explicitRoot: false,
  explicitChildren: true,
  preserveChildrenOrder: true,
  // Called at the end of each element, and what it returns stands in the element's place: nothing else is kept.
  validator: (_path: string, _others: unknown, read: Read): Done => {
    const { [keys.attrkey]: attributes, [keys.childkey]: children = [], [keys.charkey]: text = '' } = read;
    return {
      element: {
        name: read['#name'],
        attributes: attributes ? new Map(Object.entries(attributes)) : noAttribute,
        children: children.map(({ element }) => element),
        text: text.trim(),
      },
    };
  },
};

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
const noAttributes = new Proxy({ hasOwnProperty: () => false }, { set: () => true });

/**
 * Reads a whole XML document as libvirt and OpenNebula write it, and gives its root element. Document types are refused,
 * and with them all entities but the five of XML.
 * @throws XmlError naming the line of what is wrong.
 */
export function readXml(source: string): Element {
  if (source.length > maximumLength)
    throw new XmlError(`line 1: the document is longer than ${maximumLength} characters`);
  const parser = new Parser(options);
  const sax = parser.saxParser;
  let root: Element | undefined;
  parser.on('end', (read: Done | null) => (root ??= read?.element));
  refuseMore(sax, source, () => root !== undefined);
  try {
    // Not by parseString(), which reads on after an error, and is silent about errors after the root element.
    sax.write(source).close();
    if (root === undefined) throw new Error('there is no element');
    return root;
  } catch (error) {
    const [what = ''] = (error as Error).message.split('\n');
    throw new XmlError(`line ${sax.line + 1}: ${cut(what, longestMessage)}`);
  }
}

/** Has the parser refuse what it would pass over, and keep what it would lose. */
function refuseMore(sax: SaxParser, source: string, hasEnded: () => boolean): void {
  const { onopentag: open } = sax;
  const attributes = new Map<string, string>();
  sax.ENTITIES = entities;
  sax.onerror = fail;
  sax.onopentagstart = (tag) => {
    if (hasEnded()) fail('there is more than one root element');
    if (sax.tags.length >= maximumDepth) fail('elements are nested too deeply');
    if (sax.position - sax.startTagPosition > tag.name.length + 1) fail('a blank stands before a name');
    tag.attributes = noAttributes;
  };
  sax.onattribute = ({ name, value }) => {
    if (attributes.has(name)) fail(`attribute ${name} stands twice`);
    attributes.set(name, value);
  };
  sax.onopentag = (tag) => {
    const next = source.indexOf('<', sax.startTagPosition);
    if (next >= 0 && next < sax.position) fail('a "<" stands in a tag');
    tag.attributes = Object.fromEntries(attributes);
    attributes.clear();
    open(tag);
  };
  sax.onopencdata = () => {
    if (sax.tags.length === 0) fail('text outside the root element');
  };
  // Where sax gathers what follows `<!` until it knows what it is. A declaration is refused at once: its time to
  // gather one grows with the square of its length.
  let gathered = '';
  Object.defineProperty(sax, 'sgmlDecl', {
    get: () => gathered,
    set: (text: string) => {
      if (text !== '-' && !'[CDATA'.startsWith(text)) fail('a document type is not accepted');
      gathered = text;
    },
  });
}

function fail(what: string | Error): never {
  throw typeof what === 'string' ? new Error(what) : what;
}
