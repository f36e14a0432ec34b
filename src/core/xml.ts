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
const name = /[^\s/>=<"'&?!]+/y;
const attribute = /\s+([^\s/>=<"'&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
/**
 * A whole tag, with the blanks before it: so few steps that a document is read quickly before V8 knows what is hot.
 * It has at most 1,000 attributes: a million would be more than the stack of V8's regular expressions holds.
 */
const tag = new RegExp(
  `\\s*<(/?)(${name.source})((?:${attribute.source.replace(/\((?!\?)/g, '(?:')}){0,1000})\\s*(/?)>`,
  'y',
);

/**
 * An element that holds nothing but text, and in which nothing can be wrong: no reference, and no attribute that stands
 * twice, which nothing looks for beyond a `<` or `>`. Three quarters of libvirt's status XML are such elements. With
 * more than 20 attributes, each of which looks at all that follow, it is read as any other.
 */
const leaf = new RegExp(
  `\\s*<(?<name>${name.source})` +
    `(?<written>(?:\\s+(?<key>${name.source})\\s*=\\s*(?:"[^"<>&]*"|'[^'<>&]*')(?![^<>]*\\s\\k<key>\\s*=)){0,20})` +
    `\\s*(?:/>|>(?<text>[^<&]*)</\\k<name>\\s*>)`,
  'g',
);
const leaves = new RegExp(`(?:${leaf.source}){1,1000}`, 'y');

class OpenElement implements Element {
  /** Leaves as they are written, until somebody asks for them. */
  readonly parts: (OpenElement | string)[] = [];
  private elements: readonly OpenElement[] | undefined;
  private known: ReadonlyMap<string, string> | undefined;

  /** `written`: the attributes as they stand in the tag. Most are never asked for. */
  constructor(
    readonly name: string,
    private readonly written: string,
    public text = '',
  ) {}

  get children(): readonly OpenElement[] {
    this.elements ??= this.parts.flatMap((part) => (typeof part === 'string' ? readLeaves(part) : [part]));
    return this.elements;
  }

  get attributes(): ReadonlyMap<string, string> {
    this.known ??= this.readAttributes();
    return this.known;
  }

  /** @throws Mistake */
  refuseWrongAttributes(): void {
    const { written } = this;
    const mayBeWrong = written.includes('&') || written.indexOf('=') !== written.lastIndexOf('=');
    if (mayBeWrong) this.known = this.readAttributes();
  }

  private readAttributes(): ReadonlyMap<string, string> {
    const attributes = new Map<string, string>();
    attribute.lastIndex = 0;
    for (let found = attribute.exec(this.written); found; found = attribute.exec(this.written)) {
      const key = found[1] ?? '';
      if (attributes.has(key)) throw new Mistake(`attribute ${key} of <${this.name}> stands twice`);
      attributes.set(key, decode(found[2] ?? found[3] ?? ''));
    }
    return attributes;
  }
}

function readLeaves(text: string): OpenElement[] {
  return Array.from(
    text.matchAll(leaf),
    ([, name = '', written = '', , text = '']) => new OpenElement(name, written, text.trim()),
  );
}

/** What is wrong, without the line. */
class Mistake extends Error {}

/**
 * Reads a whole XML document as libvirt and OpenNebula write it, and gives its root element.
 * Document types are refused, and with them entity expansion; only the five named references and character
 * references exist. Written here because a general parser costs more than all the rest of `check`
 * (xml2js: 20 ms to load, milliseconds for a domain); a test holds it against xml2js.
 * @throws XmlError naming the line of what is wrong.
 */
export function parseXml(source: string): Element {
  const open = [new OpenElement('', '')];
  let position = source.startsWith('\uFEFF') ? 1 : 0;

  const fail = (what: string): never => {
    throw new Mistake(what);
  };
  const top = (): OpenElement => open[open.length - 1] ?? fail('no element is open');
  const skipTo = (terminator: string, what: string): string => {
    const end = source.indexOf(terminator, position);
    if (end < 0) fail(`${what} does not end`);
    const content = source.slice(position, end);
    position = end + terminator.length;
    return content;
  };
  const addText = (text: string): void => {
    // In front of everything else it is trimmed away.
    if (open.length > 1) top().text = top().text === '' ? text.trimStart() : top().text + text;
    else if (text.trim() !== '') fail('text outside the root element');
  };
  const finish = (): void => {
    const element = open.pop() ?? fail('no element is open');
    element.text = element.text.trimEnd();
    top().parts.push(element);
  };
  /** Passes over one tag; `false` when there is none, or one that is broken. */
  const readTag = (): boolean => {
    tag.lastIndex = position;
    const found = tag.exec(source);
    if (!found) return false;
    position = tag.lastIndex;
    const [, closes, name = '', attributes = '', isEmpty] = found;
    if (closes !== '') {
      if (open.length === 1 || name !== top().name || attributes !== '' || isEmpty !== '')
        fail(`</${name}> closes nothing`);
      finish();
      return true;
    }
    if (open.length === 1 && top().parts.length > 0) fail('there is more than one root element');
    if (open.length > maximumDepth) fail('elements are nested too deeply');
    const element = new OpenElement(name, attributes);
    element.refuseWrongAttributes();
    open.push(element);
    if (isEmpty !== '') finish();
    return true;
  };
  const readLeafElements = (): boolean => {
    if (open.length === 1 || open.length > maximumDepth) return false;
    leaves.lastIndex = position;
    if (!leaves.test(source)) return false;
    top().parts.push(source.slice(position, leaves.lastIndex));
    position = leaves.lastIndex;
    return true;
  };
  const readMarkup = (): void => {
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
    } else if (!readTag()) {
      const closes = source.startsWith('</', position);
      name.lastIndex = position + (closes ? 2 : 1);
      const found = name.exec(source)?.[0];
      if (closes) fail(`</${found ?? ''}> closes nothing`);
      fail(found === undefined ? 'an element has no name' : `<${found}> is malformed`);
    }
  };

  try {
    while (position < source.length) {
      // Most text is the blanks between elements.
      if (top().text === '' && (readLeafElements() || readTag())) continue;
      const next = source.indexOf('<', position);
      const until = next < 0 ? source.length : next;
      if (until > position) addText(decode(source.slice(position, until)));
      position = until;
      if (next >= 0) readMarkup();
    }
    if (open.length > 1) fail(`<${top().name}> is not closed`);
    return top().children[0] ?? fail('there is no element');
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    throw new XmlError(`line ${source.slice(0, position).split('\n').length}: ${error.message}`);
  }
}

function decode(text: string): string {
  const fail = (what: string): never => {
    throw new Mistake(what);
  };
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
