import { beforeEach, describe, expect, it } from "vitest";
import type { DeadLetter, Outbox } from "./rest";
import { UndeliveredLines } from "./undelivered";

const PAGE = 2;
const letter = (id: number): DeadLetter => ({
  id, conversation: "c", inbox: "mail", offset: id, author: "agent", text: `line ${id}`, why: "refused", tries: 6,
  queued_at: "2026-11-21T08:00:00Z", gave_up_at: "2026-11-21T10:00:00Z", overtaken: false,
});

/** A service with five dead lines, newest first, two to a page. */
class Service {
  ids = [5, 4, 3, 2, 1];
  refuses: string | null = null;
  outbox = async (before?: number): Promise<Outbox> => {
    const rows = this.ids.filter((id) => !before || id < before).slice(0, PAGE).map(letter);
    return { queued: 0, dead: this.ids.length, rows, next: rows.length === PAGE ? rows.at(-1)!.id : null };
  };
  retryLine = async (id: number): Promise<void> => this.settle(id);
  dropLine = async (id: number): Promise<void> => this.settle(id);
  lineArrived = async (id: number): Promise<void> => this.settle(id);
  private settle(id: number): void {
    if (this.refuses) throw new Error(this.refuses);
    this.ids = this.ids.filter((one) => one !== id);
  }
}

describe("lines that were not delivered", () => {
  let service: Service;
  let lines: UndeliveredLines;
  const shown = (): number[] => lines.state.value.outbox!.rows.map((row) => row.id);

  beforeEach(async () => {
    service = new Service();
    lines = new UndeliveredLines(service);
    await lines.refresh();
  });

  it("come a page at a time, and all that are shown stay shown when they are asked for again", async () => {
    expect(shown()).toEqual([5, 4]);
    await lines.older();
    expect(shown()).toEqual([5, 4, 3, 2]);
    service.ids = [6, 5, 3, 2, 1];
    await lines.refresh();
    expect(shown()).toEqual([6, 5, 3, 2]);
    expect(lines.dead).toBe(5);
  });

  it("stay when a look that began before they were wished for is answered after them", async () => {
    const { outbox } = service;
    let answer = (): void => undefined;
    service.outbox = (before) => new Promise((settle) => void (answer = () => void settle(outbox(before))));
    const slow = lines.refresh();
    const first = answer;
    service.outbox = outbox;
    await lines.older();
    first();
    await slow;
    expect(shown()).toEqual([5, 4, 3, 2]);
  });

  it("come when they were wished for while another look was under way that is answered first", async () => {
    const slow = lines.refresh();
    await Promise.all([lines.older(), slow]);
    expect(shown()).toEqual([5, 4, 3, 2]);
  });

  it("go when they are tried again, given up, or known to have arrived", async () => {
    expect(await lines.retry(letter(5))).toBe(true);
    expect(await lines.giveUp(letter(4))).toBe(true);
    expect(await lines.arrived(letter(3))).toBe(true);
    expect(shown()).toEqual([2, 1]);
    expect(lines.dead).toBe(2);
    expect(lines.state.value.busy.size).toBe(0);
  });

  it("stay with the service's words when that was refused, and only one wish for a line is under way", async () => {
    service.refuses = "There is no such line.";
    const [first, second] = await Promise.all([lines.retry(letter(5)), lines.retry(letter(5))]);
    expect([first, second]).toEqual([false, false]);
    expect(lines.state.value.problem).toBe("There is no such line.");
    expect(shown()).toContain(5);
  });

  it("are still shown when the service cannot be asked", async () => {
    service.outbox = async () => Promise.reject(new Error("The service cannot be reached."));
    await lines.refresh();
    expect(shown()).toEqual([5, 4]);
    expect(lines.state.value.problem).toBe("The service cannot be reached.");
  });

  it("are shown as they were when they were last asked for, whichever answer comes last", async () => {
    const old = await service.outbox();
    let answer: (outbox: Outbox) => void = () => undefined;
    const { outbox } = service;
    service.outbox = () => new Promise((settle) => void (answer = settle));
    const slow = lines.refresh();
    service.outbox = outbox;
    service.ids = [6, 5];
    await lines.refresh();
    answer(old);
    await slow;
    expect(shown()).toEqual([6, 5]);
  });
});
