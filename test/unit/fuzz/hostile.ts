import fc from '../../support/seeded-fast-check';

/** Tokens that are difficult for parsers of any format. */
const tokens = [
  '\0',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\ufeff',
  '\u2028',
  '\ud800',
  '\udfff',
  '\ufffd',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  '"__proto__":{"polluted":"yes"},',
  '{"constructor":{"prototype":{"polluted":"yes"}}}',
  '-1',
  '1e999',
  '0x10',
  '1.5',
  '99999999999999999999999999',
  'NaN',
  'null',
  'true',
  '[]',
  '{}',
  '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]>',
  '<!ENTITY x SYSTEM "file:///etc/passwd">',
  '<__proto__>',
  '</__proto__>',
  '<constructor toString="1"/>',
  ' __proto__="1"',
  ' hasOwnProperty="1" hasOwnProperty="2"',
  '<_ _="_">_</_>',
  '&b;',
  '&x;',
  '&#0;',
  '&#xD800;',
  '&#x110000;',
  '&lt;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?x',
  '?>',
  '<',
  '>',
  '</',
  '/>',
  '&',
  '"',
  "'",
  '=',
  ':',
  ',',
  '[',
  ']',
  '{',
  '}',
  '(',
  '#',
  '-',
  '\\',
  '\\"',
  '\\u0000',
  '../',
  '/',
];

type Change =
  | { readonly kind: 'byte'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number }
  | { readonly kind: 'twice' | 'out'; readonly from: number; readonly length: number }
  | { readonly kind: 'in'; readonly at: number; readonly token: string }
  | { readonly kind: 'instead'; readonly at: number; readonly token: string }
  | { readonly kind: 'many'; readonly at: number; readonly token: string; readonly times: number };

/** Positions are modulo the length, so that every change fits every document. */
const place = fc.nat(1_000_000);
const token = fc.constantFrom(...tokens);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('byte'), at: place, byte: fc.integer({ min: 0, max: 255 }) }),
  fc.record({ kind: fc.constant('cut'), from: place, to: place }),
  fc.record({ kind: fc.constantFrom('twice', 'out'), from: place, length: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ kind: fc.constant('in'), at: place, token }),
  fc.record({ kind: fc.constant('instead'), at: place, token }),
  fc.record({ kind: fc.constant('many'), at: place, token, times: fc.integer({ min: 2, max: 300 }) }),
);

/** A word or a number of the document, to be replaced by a token. */
const word = /[\p{L}\p{N}_.-]+/gu;

function apply(text: string, change: Change): string {
  const around = (at: number): number => (text.length === 0 ? 0 : at % text.length);
  switch (change.kind) {
    case 'byte': {
      const bytes = Buffer.from(text);
      if (bytes.length > 0) bytes[change.at % bytes.length] = change.byte;
      return bytes.toString();
    }
    case 'cut': {
      const [from, to] = [around(change.from), around(change.to)];
      return text.slice(Math.min(from, to), Math.max(from, to));
    }
    case 'twice':
    case 'out': {
      const from = around(change.from);
      const piece = text.slice(from, from + change.length);
      return (
        text.slice(0, from) +
        (change.kind === 'twice' ? piece + piece : '') +
        text.slice(from + change.length)
      );
    }
    case 'instead': {
      const words = [...text.matchAll(word)];
      const found = words[change.at % Math.max(1, words.length)];
      if (!found) return text;
      return text.slice(0, found.index) + change.token + text.slice(found.index + found[0].length);
    }
    default: {
      const at = around(change.at);
      const times = change.kind === 'many' ? change.times : 1;
      return text.slice(0, at) + change.token.repeat(times) + text.slice(at);
    }
  }
}

/** Valid documents after some changes, and sometimes any text. */
export function hostile(valid: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...valid), fc.array(change, { minLength: 1, maxLength: 4 }))
        .map(([text, changes]) => changes.reduce(apply, text)),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
    { weight: 1, arbitrary: fc.array(token, { maxLength: 30 }).map((some) => some.join('')) },
  );
}

/** A valid document in which a part is repeated until it has this many characters. */
export function huge(valid: readonly string[], characters: number): fc.Arbitrary<string> {
  const pieces = valid.flatMap((text) => [...new Set(text.match(/\w+\W+/g) ?? [])]);
  const piece = fc.oneof(
    token,
    fc.constantFrom(...pieces, 'a'),
    fc.tuple(token, token).map((two) => two.join('')),
  );
  return fc.tuple(fc.constantFrom(...valid), place, piece, fc.boolean()).map(([text, at, piece, goesOn]) => {
    const cut = text.length === 0 ? 0 : at % (text.length + 1);
    const filling = piece.repeat(Math.ceil(characters / piece.length));
    return text.slice(0, cut) + filling + (goesOn ? text.slice(cut) : '');
  });
}
