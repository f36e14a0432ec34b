/** A domain that was asked for, but of which no facts can be had. */
export interface NoFacts {
  readonly name: string;
  readonly pid?: number;
  readonly notRunning?: true;
  /** Its QEMU lives in a user namespace of its own: nothing that it shows can be trusted, so it is blocked. */
  readonly isForeign?: true;
  readonly why: string;
  readonly remedy: string;
}
