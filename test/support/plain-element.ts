import type { Element } from '../../src/core/element';

/** An element whose attributes are an array, which tests can compare and print. */
export interface PlainElement {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: readonly PlainElement[];
  readonly text: string;
}

export function plainElement({ name, attributes, children, text }: Element): PlainElement {
  return { name, attributes: [...attributes], children: children.map(plainElement), text };
}
