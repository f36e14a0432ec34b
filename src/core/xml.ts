/** An element of an XML document. Attributes live in a Map, so that no name can reach a prototype. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** All character data directly inside, joined and trimmed. */
  readonly text: string;
}

export class XmlError extends Error {}

const maximumDepth = 200;
const namedReferences: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};
/** What no name holds. Characters are looked at by their codes: a regular expression takes three times as long. */
const endsName = new Uint8Array(128);
for (const character of '\t\n\v\f\r />=<"\'&?!') endsName[character.charCodeAt(0)] = 1;

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  text: string;
}

const noAttributes: ReadonlyMap<string, string> = new Map();
const [greater, slash, equals, quote, apostrophe] = [62, 47, 61, 34, 39];

/**
 * Reads a whole XML document as libvirt and OpenNebula write it, and gives its root element.
 * Document types are refused, and with them entity expansion; only the five named references and character
 * references exist. Written here because a general parser costs more than all the rest of `check`
 * (xml2js: 20 ms to load, milliseconds for a domain); a test holds it against xml2js.
 * @throws XmlError naming the line of what is wrong.
 */
export function parseXml(source: string): Element {
  const open: OpenElement[] = [{ name: '', attributes: noAttributes, children: [], text: '' }];
  let position = source.startsWith('\uFEFF') ? 1 : 0;

  const fail = (what: string, at = position): never => {
    throw new XmlError(`line ${source.slice(0, at).split('\n').length}: ${what}`);
  };
  const skipBlanks = (): void => {
    while (isBlank(source.charCodeAt(position))) position += 1;
  };
  const readName = (): string => {
    const start = position;
    while (position < source.length && endsName[source.charCodeAt(position)] !== 1) position += 1;
    return source.slice(start, position);
  };
  const skip = (code: number): boolean => {
    if (source.charCodeAt(position) !== code) return false;
    position += 1;
    return true;
  };
  const skipTo = (terminator: string, what: string): string => {
    const end = source.indexOf(terminator, position);
    if (end < 0) fail(`${what} does not end`);
    const content = source.slice(position, end);
    position = end + terminator.length;
    return content;
  };
  const top = (): OpenElement => open[open.length - 1] ?? fail('no element is open');
  const addText = (text: string): void => {
    if (open.length > 1) top().text = top().text === '' ? text.trimStart() : top().text + text;
    else if (text.trim() !== '') fail('text outside the root element');
  };

  while (position < source.length) {
    // Most text is the blanks between elements, which count only between other text.
    if (top().text === '') skipBlanks();
    const next = source.indexOf('<', position);
    const until = next < 0 ? source.length : next;
    if (until > position) addText(decode(source.slice(position, until), fail));
    position = until;
    if (next < 0) break;
    if (source.startsWith('<!--', position)) {
      position += 4;
      skipTo('-->', 'a comment');
    } else if (source.startsWith('<![CDATA[', position)) {
      position += 9;
      addText(skipTo(']]>', 'a CDATA section'));
    } else if (source.startsWith('<?', position)) {
      position += 2;
      skipTo('?>', 'a processing instruction');
    } else if (source.startsWith('<!', position)) {
      fail('a document type is not accepted');
    } else if (source.startsWith('</', position)) {
      position += 2;
      closeElement();
    } else {
      position += 1;
      openElement();
    }
  }
  if (open.length > 1) fail(`<${top().name}> is not closed`);
  return top().children[0] ?? fail('there is no element');

  function openElement(): void {
    const name = readName();
    if (name === '') fail('an element has no name');
    const attributes = readAttributes(name);
    const isEmpty = skip(slash);
    if (!skip(greater)) fail(`<${name}> is malformed`);
    if (open.length === 1 && top().children.length > 0) fail('there is more than one root element');
    if (open.length > maximumDepth) fail('elements are nested too deeply');
    open.push({ name, attributes, children: [], text: '' });
    if (isEmpty) finish();
  }

  /** Up to the end of the tag. */
  function readAttributes(name: string): ReadonlyMap<string, string> {
    let attributes: Map<string, string> | undefined;
    for (;;) {
      const before = position;
      skipBlanks();
      const next = source.charCodeAt(position);
      if (next === greater || next === slash) return attributes ?? noAttributes;
      const isApart = position > before;
      const key = readName();
      if (!isApart || key === '') return fail(`<${name}> is malformed`, before);
      const value = readValue() ?? fail(`<${name}> is malformed`, before);
      attributes ??= new Map();
      if (attributes.has(key)) fail(`attribute ${key} of <${name}> stands twice`);
      attributes.set(key, decode(value, fail));
    }
  }

  function readValue(): string | undefined {
    skipBlanks();
    if (!skip(equals)) return undefined;
    skipBlanks();
    const mark = source.charCodeAt(position);
    if (mark !== quote && mark !== apostrophe) return undefined;
    const start = position + 1;
    const end = source.indexOf(mark === quote ? '"' : "'", start);
    if (end < 0) return undefined;
    const value = source.slice(start, end);
    position = end + 1;
    return value.includes('<') ? undefined : value;
  }

  function closeElement(): void {
    const name = readName();
    skipBlanks();
    if (open.length === 1 || name !== top().name || !skip(greater)) fail(`</${name}> closes nothing`);
    finish();
  }

  function finish(): void {
    const element = open.pop() ?? fail('no element is open');
    element.text = element.text.trimEnd();
    top().children.push(element);
  }
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function decode(text: string, fail: (what: string) => never): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]*;?)/g, (_, body: string) => {
    if (!body.endsWith(';')) return fail('a "&" stands alone');
    const name = body.slice(0, -1);
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    if (digits) {
      const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
      const legal = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return legal ? String.fromCodePoint(code) : fail(`&${name}; is no character`);
    }
    return (
      (Object.hasOwn(namedReferences, name) ? namedReferences[name] : undefined) ??
      fail(`entity &${name}; is not known`)
    );
  });
}

/** The first child of that name. */
export function child(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

/** The first element at the end of a way of child names. */
export function descend(element: Element | undefined, ...names: readonly string[]): Element | undefined {
  return names.reduce<Element | undefined>(child, element);
}

/** All children of that name. */
export function children(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((candidate) => candidate.name === name) ?? [];
}
