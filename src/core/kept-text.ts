/** What is kept of a text that may be as long as who writes it likes: its beginning and its end. */
export class KeptText {
  private head = '';
  private tail = '';
  private leftOut = 0;

  /** `half`: as many characters at each end. */
  constructor(private readonly connection: number) {}

  take(text: string): void {
    const room = this.connection - this.head.length;
    if (room > 0) this.head += text.slice(0, room);
    if (text.length > Math.max(0, room)) this.tail += text.slice(Math.max(0, room));
    // Not at each piece: cutting copies what stays.
    if (this.tail.length > 2 * this.connection) this.cut();
  }

  get text(): string {
    this.cut();
    const mark = this.leftOut === 0 ? '' : `\n[${this.leftOut} characters left out]\n`;
    return this.head + mark + this.tail;
  }

  private cut(): void {
    const tooMany = this.tail.length - this.connection;
    if (tooMany <= 0) return;
    this.leftOut += tooMany;
    this.tail = this.tail.slice(tooMany);
  }
}
