import { parseStringPromise } from 'xml2js';

export interface PageElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text of the element and of all elements in it. */
  readonly text: string;
}

interface Node {
  readonly '#name': string;
  readonly $?: Readonly<Record<string, string>>;
  readonly $$?: readonly Node[];
  readonly _?: string;
}

/** Every element of the page, in order, according to a strict XML parser, which accepts no unclosed element. */
export async function readPage(page: string): Promise<PageElement[]> {
  const options = {
    explicitRoot: false,
    explicitChildren: true,
    preserveChildrenOrder: true,
    charsAsChildren: true,
  };
  const root = (await parseStringPromise(withoutConstants(page), {
    ...options,
    includeWhiteChars: true,
  })) as Node;
  const elements: PageElement[] = [];
  const visit = (node: Node): string => {
    if (node['#name'] === '__text__') return node._ ?? '';
    const place = elements.length;
    elements.push({ name: node['#name'], attributes: {}, text: '' });
    const text = (node.$$ ?? []).map(visit).join('');
    elements[place] = { name: node['#name'], attributes: node.$ ?? {}, text };
    return text;
  };
  visit(root);
  return elements;
}

/** A stylesheet and a script may contain text that is invalid in XML; both are ours, and end where HTML says. */
function withoutConstants(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '<style></style>')
    .replace(/<script>.*?<\/script>/s, '<script></script>');
}

export function textsOf(elements: readonly PageElement[], name: string): string[] {
  return elements.filter((element) => element.name === name).map(({ text }) => text);
}
