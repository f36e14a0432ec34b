/**
 * Names that XML allows, and that have a meaning in JavaScript, in xml2js or in sax: the owner of a VM may give them
 * to elements and attributes of its documents.
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

/** Keys of xml2js, by default or always; no XML name begins like this. */
export const impossibleNames = ['$', '$$', '#name', '#text', '@'] as const;
