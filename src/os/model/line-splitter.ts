/** Returned in place of a line that is longer than the limit. */
export const tooLong = Symbol('a line that is too long');

/** Splits data that arrives in pieces into lines, and never keeps more than the longest allowed line. */
export class Lines {
  /** As large as the longest line so far. A list of pieces would take a hundred times as much, if each has one byte. */
  private buffer = new Uint8Array(0);
  private size = 0;
  private isSkipping = false;

  /** `longest`: in bytes, without the line end. */
  constructor(private readonly longest: number) {}

  /** The lines that end in this piece; `tooLong` once for each line that is too long, as soon as it is. */
  take(piece: Uint8Array): (string | typeof tooLong)[] {
    const found: (string | typeof tooLong)[] = [];
    for (let start = 0; start < piece.length;) {
      const end = piece.indexOf(lineEnd, start);
      if (!this.keep(piece.subarray(start, end < 0 ? piece.length : end))) found.push(tooLong);
      if (end < 0) break;
      if (!this.isSkipping) found.push(this.whole());
      this.forget();
      start = end + 1;
    }
    return found;
  }

  /** The text after the last line end, once no more data comes. */
  rest(): string | undefined {
    return this.size === 0 || this.isSkipping ? undefined : this.whole();
  }

  /** Bytes of the unfinished line. */
  get kept(): number {
    return this.size;
  }

  /** `false` when the line has just become too long. */
  private keep(piece: Uint8Array): boolean {
    if (this.isSkipping) return true;
    if (this.size + piece.length > this.longest) {
      this.forget();
      this.isSkipping = true;
      return false;
    }
    this.makeRoom(this.size + piece.length);
    // A copy, because the caller may reuse the memory of the piece.
    this.buffer.set(piece, this.size);
    this.size += piece.length;
    return true;
  }

  private makeRoom(size: number): void {
    if (size <= this.buffer.length) return;
    const larger = new Uint8Array(Math.min(this.longest, Math.max(size, 2 * this.buffer.length)));
    larger.set(this.buffer.subarray(0, this.size));
    this.buffer = larger;
  }

  private whole(): string {
    return Buffer.from(this.buffer.buffer, 0, this.size).toString('utf8');
  }

  private forget(): void {
    this.size = 0;
    this.isSkipping = false;
  }
}

const lineEnd = 10;
