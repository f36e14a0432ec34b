/**
 * Names that XML allows, and that mean something to JavaScript, to xml2js or to sax: whoever owns a VM may give them to
 * elements and attributes of its documents.
 */
export const hostileNames = [
  '_',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'length',
  'then',
  'cdata',
  '__text__',
  'name',
  'attributes',
  'children',
  'text',
  'the',
  'xmlns',
] as const;

/** Of xml2js, by default or always; no name of XML begins so. */
export const impossibleNames = ['$', '$$', '#name', '#text', '@'] as const;
