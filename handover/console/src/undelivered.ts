// Lines that could not be delivered: the pages of them that were asked for, how many there are, and what was wished.
import { Observed } from "../../../bot/widget/src/shared/observed";
import { rest, type DeadLetter, type Outbox } from "./rest";

export interface Undelivered {
  outbox: Outbox | null; // null until the first answer
  problem: string | null;
  /** Lines that are being retried or given up now. */
  busy: ReadonlySet<number>;
}

type Calls = Pick<typeof rest, "outbox" | "retryLine" | "dropLine" | "lineArrived">;

export class UndeliveredLines {
  readonly state = new Observed<Undelivered>({ outbox: null, problem: null, busy: new Set() });

  private asked = 0;
  private answered = 0; // the newest question that has its answer
  private wanted = 1; // lines that should be shown, if there are as many

  constructor(private readonly calls: Calls = rest) {}

  get dead(): number {
    return this.state.value.outbox?.dead ?? 0;
  }

  /** Asked for again from the newest on: as many pages as were wished for. */
  async refresh(): Promise<void> {
    const question = ++this.asked;
    await this.attempt(async () => {
      let outbox = await this.calls.outbox();
      while (outbox.next && outbox.rows.length < this.wanted) outbox = under(outbox, await this.calls.outbox(outbox.next));
      if (question < this.answered) return; // an older picture that came later
      this.answered = question;
      this.state.update((now) => ({ ...now, outbox, problem: null }));
    });
  }

  /** One page more. Asked for with all above it, so that a look that is under way cannot take it away again. */
  older(): Promise<void> {
    this.wanted = (this.state.value.outbox?.rows.length ?? 0) + 1;
    return this.refresh();
  }

  retry(letter: DeadLetter): Promise<boolean> {
    return this.settle(letter, () => this.calls.retryLine(letter.id));
  }

  /** Somebody has seen that the customer has it: it is not sent again, and what waits behind it goes on. */
  arrived(letter: DeadLetter): Promise<boolean> {
    return this.settle(letter, () => this.calls.lineArrived(letter.id));
  }

  giveUp(letter: DeadLetter): Promise<boolean> {
    return this.settle(letter, () => this.calls.dropLine(letter.id));
  }

  /** True when it was done; the list is asked for again either way, as somebody else may have settled it. */
  private async settle(letter: DeadLetter, wish: () => Promise<unknown>): Promise<boolean> {
    if (this.state.value.busy.has(letter.id)) return false;
    this.state.update((now) => ({ ...now, busy: new Set(now.busy).add(letter.id) }));
    let problem: string | null = null;
    await wish().catch((error: Error) => void (problem = error.message));
    if (!problem) this.without(letter.id);
    await this.refresh();
    this.state.update((now) => ({
      ...now,
      problem: problem ?? now.problem,
      busy: new Set([...now.busy].filter((id) => id !== letter.id)),
    }));
    return problem === null;
  }

  /** Gone from the list at once. */
  private without(id: number): void {
    this.state.update((now) => {
      if (!now.outbox) return now;
      const rows = now.outbox.rows.filter((row) => row.id !== id);
      return { ...now, outbox: { ...now.outbox, rows, dead: Math.max(0, now.outbox.dead - 1) } };
    });
  }

  private async attempt(ask: () => Promise<void>): Promise<void> {
    await ask().catch((error: Error) => this.state.update((now) => ({ ...now, problem: error.message })));
  }
}

/** One page and the next one under it; a line that moved meanwhile is shown once. */
function under(above: Outbox, page: Outbox): Outbox {
  const known = new Set(above.rows.map((row) => row.id));
  return { ...page, rows: [...above.rows, ...page.rows.filter((row) => !known.has(row.id))] };
}
