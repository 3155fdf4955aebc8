// How long the widget tries again by itself when the service can keep nothing for some seconds, and how often.

const PAUSES = [1_000, 2_000, 4_000, 8_000, 15_000]; // about half a minute in all

/** Counts the refusals of everything that waits to be sent; `next` is the pause before the next try, null when it is enough. */
export class Patience {
  private readonly refusals = new Map<string, number>();

  next(clientId: string, retryAfter: number | null | undefined): number | null {
    const before = this.refusals.get(clientId) ?? 0;
    const pause = PAUSES[before];
    if (pause === undefined) {
      this.refusals.delete(clientId); // the customer's own "Try again" begins anew
      return null;
    }
    this.refusals.set(clientId, before + 1);
    const wished = Math.min((retryAfter ?? 0) * 1_000, PAUSES.at(-1)!);
    return Math.max(pause, wished);
  }

  /** What has arrived, or was given up, is forgotten. */
  keep(clientIds: readonly string[]): void {
    for (const known of this.refusals.keys()) if (!clientIds.includes(known)) this.refusals.delete(known);
  }
}
