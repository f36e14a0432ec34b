/** What stands for a line that is longer than any may be. */
export const tooLong = Symbol('a line that is too long');

/** Cuts what arrives in pieces into lines, and never keeps more of it than the longest line may have. */
export class Lines {
  /** As large as the longest line so far: a piece may be one byte, and a list of them would take a hundred times as much. */
  private buffer = new Uint8Array(0);
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
    this.makeRoom(this.size + piece.length);
    // A copy: whoever gave the piece may use its memory again.
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
    this.passesOver = false;
  }
}

const lineEnd = 10;
