/** The reading half of xml2js: its main module loads the writing half, too. @types/xml2js describes only that one. */
declare module 'xml2js/lib/parser' {
  import type { EventEmitter } from 'node:events';
  import type { ParserOptions } from 'xml2js';

  interface Tag {
    readonly name: string;
    attributes: object;
  }

  /** What is used of the sax parser that feeds it (sax/lib/sax.js). */
  export interface SaxParser {
    ENTITIES: object;
    /** From 0. */
    readonly line: number;
    /** Characters that were read, and those up to the last `<`. */
    readonly position: number;
    readonly startTagPosition: number;
    /** The open ones. */
    readonly tags: readonly Tag[];
    onerror: (error: Error) => void;
    onopentagstart: (tag: Tag) => void;
    onattribute: (attribute: { readonly name: string; readonly value: string }) => void;
    onopentag: (tag: Tag) => void;
    onopencdata: () => void;
    write: (text: string) => SaxParser;
    close: () => void;
  }

  export class Parser extends EventEmitter {
    constructor(options: ParserOptions);
    readonly saxParser: SaxParser;
  }
}
