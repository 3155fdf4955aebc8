import { describe, expect, it } from "vitest";
import { ANSWER_LIMIT, delayBefore, doubt, QUIET_LIMIT } from "./reconnect";

describe("reconnecting", () => {
  it("waits longer after each failure and never longer than half a minute", () => {
    const waits = [0, 1, 2, 3, 10, 1000].map((attempt) => delayBefore(attempt, 0.999));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(30_000);
  });

  it("tries at once, spreads a crowd over the better part of a second, and later over half of the wait", () => {
    expect(delayBefore(0, 0)).toBe(0);
    expect(delayBefore(0, 0.999)).toBeGreaterThan(700);
    expect(delayBefore(3, 0)).toBe(2_000);
    expect(delayBefore(3, 0.999)).toBeGreaterThan(3_900);
  });

  it("asks a quiet connection whether anybody is there, and gives up on one that does not answer", () => {
    expect(doubt(QUIET_LIMIT - 1, 0, null)).toBe("fine");
    expect(doubt(QUIET_LIMIT, 0, null)).toBe("ask");
    expect(doubt(QUIET_LIMIT + 10, 0, QUIET_LIMIT)).toBe("fine");
    expect(doubt(QUIET_LIMIT + ANSWER_LIMIT, 0, QUIET_LIMIT)).toBe("dead");
  });

  it("takes a connection that was silent through a sleep for dead, without asking", () => {
    expect(doubt(3_600_000, 0, null)).toBe("dead");
  });
});
