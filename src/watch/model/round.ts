/** So many domains are looked at together. */
const domainsPerSlice = 100;

/** A look at every domain, spread over a time: it sees what no event has reported. */
export class Round {
  private left: string[] = [];
  private pauseMs = 0;

  /** The next domains; `pauseMs`: the time until those after them. `names`: of all, at the start of a round. */
  next(names: () => readonly string[], intervalMs: number): { names: readonly string[]; pauseMs: number } {
    if (this.left.length === 0) {
      this.left = [...names()];
      this.pauseMs = intervalMs / Math.max(Math.ceil(this.left.length / domainsPerSlice), 1);
    }
    return { names: this.left.splice(0, domainsPerSlice), pauseMs: this.pauseMs };
  }
}
