/** An element of an XML document. Attributes live in a Map, so that no name can reach a prototype. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  /** All character data directly inside, joined and trimmed. */
  readonly text: string;
}

/** The document is malformed, or is not the expected one. */
export class XmlError extends Error {}

/** The first child of that name. */
export function child(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((candidate) => candidate.name === name);
}

/** The first element that a path of child names leads to. */
export function descend(element: Element | undefined, ...names: readonly string[]): Element | undefined {
  return names.reduce<Element | undefined>(child, element);
}

/** All children of that name. */
export function children(element: Element | undefined, name: string): readonly Element[] {
  return element?.children.filter((candidate) => candidate.name === name) ?? [];
}

/** The text of the element that a path of child names leads to; empty where there is none. */
export function textIn(element: Element | undefined, ...names: readonly string[]): string {
  return descend(element, ...names)?.text ?? '';
}
