import { describe, expect, it } from "vitest";
import { emptyLog, hasGap, lastOffset, withEntries, withEntry } from "./ordered_log";
import type { EntryFrame } from "./wire";

const line = (offset: number): EntryFrame => ({
  type: "entry",
  offset,
  author: { kind: "bot", name: "Juniper" },
  kind: "message",
  text: `line ${offset}`,
  at: "2026-11-21T10:00:00Z",
});
const offsets = (log: { entries: readonly EntryFrame[] }): number[] => log.entries.map((entry) => entry.offset);

describe("the ordered log", () => {
  it("shows lines in the order of their offsets, each once", () => {
    const log = withEntries(emptyLog, [line(1), line(2), line(2), line(1), line(3)]);
    expect(offsets(log)).toEqual([1, 2, 3]);
  });

  it("never shows a line past a gap", () => {
    const log = withEntries(emptyLog, [line(1), line(3), line(4)]);
    expect(offsets(log)).toEqual([1]);
    expect(hasGap(log)).toBe(true);
    expect(lastOffset(log)).toBe(1);
  });

  it("shows what came early as soon as the missing line has come", () => {
    const log = withEntry(withEntries(emptyLog, [line(1), line(4), line(3)]), line(2));
    expect(offsets(log)).toEqual([1, 2, 3, 4]);
    expect(hasGap(log)).toBe(false);
  });

  it("ends in the same state whatever the order in which lines come", () => {
    const orders = [[1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 1, 5, 2, 4], [2, 2, 1, 5, 5, 3, 4]];
    for (const order of orders) expect(offsets(withEntries(emptyLog, order.map(line)))).toEqual([1, 2, 3, 4, 5]);
  });

  it("is the same object when nothing changed, so that nothing is drawn again", () => {
    const log = withEntry(emptyLog, line(1));
    expect(withEntry(log, line(1))).toBe(log);
  });
});
