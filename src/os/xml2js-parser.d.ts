/** The reading half of xml2js: its main module loads the writing half, too. @types/xml2js describes only that one. */
declare module 'xml2js/lib/parser' {
  import type { ParserOptions } from 'xml2js';

  interface Tag {
    readonly name: string;
    attributes: object;
  }

  /** The parser of xml2js (sax/lib/sax.js). */
  export interface SaxParser {
    ENTITIES: object;
    /** From 0. */
    readonly line: number;
    /** Characters that were read, and those up to the last `<`. */
    readonly position: number;
    readonly startTagPosition: number;
    /** What was read of an unfinished `<!`. */
    readonly sgmlDecl: string;
    /** `true` once it has ended. */
    readonly doctype: string | true;
    ondoctype: () => void;
    onsgmldeclaration: () => void;
    onerror: (error: Error) => void;
    onopentagstart: (tag: Tag) => void;
    onattribute: (attribute: { readonly name: string; readonly value: string }) => void;
    onopentag: (tag: Tag) => void;
    ontext: (text: string) => void;
    onopencdata: () => void;
    oncdata: (text: string) => void;
    onclosetag: (name: string) => void;
    write: (text: string) => SaxParser;
    close: () => void;
  }

  export class Parser {
    constructor(options: ParserOptions);
    readonly saxParser: SaxParser;
  }
}
