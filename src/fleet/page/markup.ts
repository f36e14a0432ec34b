/** HTML that this program made: every value from outside is escaped in it. */
export class Markup {
  constructor(readonly text: string) {}
}

/** A constant, because esbuild does not escape the characters of a template, and the program has to be ASCII. */
export const signs = { arrow: '→', unequal: '≠', cross: '✕' } as const;

type Content = string | number | Markup | undefined | readonly Content[];

/**
 * A template whose values are text, unless they are markup already; `undefined` is empty. Its line breaks and
 * indentation serve the reader of the code and do not go into the page.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = '';
  for (const [index, part] of withoutLayout(parts).entries()) text += part + render(values[index]);
  return new Markup(text);
}

/** A part of the page under a title, which also names it for screen readers. */
export function section(id: string, title: string, content: Content, kind?: string): Markup {
  return markup`
    <section${kind === undefined ? undefined : markup` class="${kind}"`} aria-labelledby="${id}">
      <h2 id="${id}">${title}</h2>
      ${content}
    </section>`;
}

const known = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Cached per template, since a page uses some templates a thousand times. */
function withoutLayout(parts: TemplateStringsArray): readonly string[] {
  const made = known.get(parts) ?? parts.map((part) => part.replace(/\n\s*/g, ''));
  known.set(parts, made);
  return made;
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(render).join('');
  return escape(visible(String(content)));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * Characters that are invisible, or that would reorder the visible ones, are shown by their number: Unicode's
 * category "other" (controls, direction marks, zero-width characters, noncharacters) and line separators.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
