// How long the widget tries again by itself when the service keeps nothing for some seconds, and how often.

const PAUSES = [1_000, 2_000, 4_000, 8_000, 15_000]; // about half a minute in all
// While too many write at once: some three minutes, and each page at a time of its own, so that they come one by one.
const BUSY_PAUSES = [2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000, 30_000];

/** Counts the refusals of everything that waits to be sent; `next` is the pause before the next try, null when it is enough. */
export class Patience {
  private readonly refusals = new Map<string, number>();

  constructor(private readonly spread: () => number = Math.random) {}

  next(clientId: string, retryAfter: number | null | undefined, busy = false): number | null {
    const before = this.refusals.get(clientId) ?? 0;
    const pauses = busy ? BUSY_PAUSES : PAUSES;
    const pause = pauses[before];
    if (pause === undefined) {
      this.refusals.delete(clientId); // the customer's own "Try again" begins anew
      return null;
    }
    this.refusals.set(clientId, before + 1);
    const wished = Math.min((retryAfter ?? 0) * 1_000, pauses.at(-1)!);
    const wait = Math.max(pause, wished);
    return busy ? wait * (1 + this.spread() / 2) : wait;
  }

  /** What has arrived, or was given up, is forgotten. */
  keep(clientIds: readonly string[]): void {
    for (const known of this.refusals.keys()) if (!clientIds.includes(known)) this.refusals.delete(known);
  }
}
