/** The beginning and the end of a text that arrives in pieces and may be of any length. */
export class KeptText {
  private head = '';
  private tail = '';
  private leftOut = 0;

  /** `half`: characters that are kept at each end. */
  constructor(private readonly half: number) {}

  take(text: string): void {
    const room = this.half - this.head.length;
    if (room > 0) this.head += text.slice(0, room);
    if (text.length > Math.max(0, room)) this.tail += text.slice(Math.max(0, room));
    // Not for each piece, because cutting copies the rest.
    if (this.tail.length > 2 * this.half) this.cut();
  }

  get text(): string {
    this.cut();
    const mark = this.leftOut === 0 ? '' : `\n[${this.leftOut} characters left out]\n`;
    return this.head + mark + this.tail;
  }

  private cut(): void {
    const tooMany = this.tail.length - this.half;
    if (tooMany <= 0) return;
    this.leftOut += tooMany;
    this.tail = this.tail.slice(tooMany);
  }
}
