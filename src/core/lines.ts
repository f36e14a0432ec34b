/** What stands for a line that is longer than any may be. */
export const tooLong = Symbol('a line that is too long');

/** Cuts what arrives in pieces into lines, and never keeps more of it than the longest line may have. */
export class Lines {
  private pieces: Uint8Array[] = [];
  private size = 0;
  private passesOver = false;

  /** `longest`: in bytes, without the line end. */
  constructor(private readonly longest: number) {}

  /** The lines that end in this piece; `tooLong` as soon as one is, and once, however much of it follows. */
  take(piece: Uint8Array): (string | typeof tooLong)[] {
    const found: (string | typeof tooLong)[] = [];
    for (let start = 0; start < piece.length;) {
      const end = piece.indexOf(lineEnd, start);
      if (!this.keep(piece.subarray(start, end < 0 ? piece.length : end))) found.push(tooLong);
      if (end < 0) break;
      if (!this.passesOver) found.push(this.whole());
      this.forget();
      start = end + 1;
    }
    return found;
  }

  /** What stands behind the last line end, once nothing more comes. */
  rest(): string | undefined {
    return this.size === 0 || this.passesOver ? undefined : this.whole();
  }

  /** Bytes of the line that has no end yet. */
  get kept(): number {
    return this.size;
  }

  /** `false` when the line has just become too long. */
  private keep(piece: Uint8Array): boolean {
    if (this.passesOver) return true;
    if (this.size + piece.length > this.longest) {
      this.forget();
      this.passesOver = true;
      return false;
    }
    // A copy: what it is a part of may be large.
    if (piece.length > 0) this.pieces.push(piece.slice());
    this.size += piece.length;
    return true;
  }

  private whole(): string {
    return Buffer.concat(this.pieces).toString('utf8');
  }

  private forget(): void {
    this.pieces = [];
    this.size = 0;
    this.passesOver = false;
  }
}

const lineEnd = 10;
