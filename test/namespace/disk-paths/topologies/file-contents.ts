/** A byte that is not part of UTF-8 is a lone surrogate in our texts (U+DC80 to U+DCFF), as in Python (PEP 383). */
export function odd(byte: number): string {
  return String.fromCharCode(0xdc00 + byte);
}

export function bytesOf(text: string): Buffer {
  const parts = text.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.from([part.charCodeAt(0) - 0xdc00]) : Buffer.from(part),
    ),
  );
}

export function hasOddBytes(text: string): boolean {
  return /[\udc80-\udcff]/u.test(text);
}
