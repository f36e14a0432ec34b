/** HTML that was made here: everything that came from outside stands in it escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

/** Not written into templates: esbuild leaves a template's letters as they are, and a program is ASCII. */
export const signs = { arrow: '→', unequal: '≠', cross: '✕' } as const;

type Content = string | number | Markup | undefined | readonly Content[];

/**
 * A template whose values are text, unless they are markup already; `undefined` is nothing. Its line breaks and
 * indentation are for the reader of the code, and do not go into the page.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = '';
  for (const [index, part] of withoutLayout(parts).entries()) text += part + render(values[index]);
  return new Markup(text);
}

/** A part of the page under a title, of which it has its name. */
export function section(id: string, title: string, content: Content, kind?: string): Markup {
  return markup`
    <section${kind === undefined ? undefined : markup` class="${kind}"`} aria-labelledby="${id}">
      <h2 id="${id}">${title}</h2>
      ${content}
    </section>`;
}

const known = new WeakMap<TemplateStringsArray, readonly string[]>();

/** The same for every use of a template, and a page uses some of them a thousand times. */
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
 * What a reader would not see, or what would turn round what he sees, is shown by its number: Unicode's category
 * "other" (controls, marks of direction and of no width, what is no character) and separators of lines.
 */
export function visible(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
