import { describe, expect, it } from "vitest";
import type { WaitingPart } from "./shared/wire";
import { openingOf, rangeLeft, waitingWords, worthReading } from "./waiting_words";

const now = new Date(2026, 10, 20, 10, 0).getTime(); // a Friday
const part = (more: Partial<WaitingPart> = {}): WaitingPart => ({
  desk_open: true,
  since: new Date(now).toISOString(),
  position: 2,
  ...more,
});
const range = (low: number, high: number): WaitingPart => part({ wait_low: low, wait_high: high });
const minutes = (n: number): number => now + n * 60_000;

describe("the range", () => {
  it("is said in minutes, never narrower than it is", () => {
    expect(rangeLeft(range(120, 300), now)).toBe("about 2 to 5 minutes");
    expect(rangeLeft(range(150, 290), now)).toBe("about 2 to 5 minutes");
    expect(rangeLeft(range(15, 180), now)).toBe("up to 3 minutes");
    expect(rangeLeft(range(0, 45), now)).toBe("less than a minute");
    expect(rangeLeft(range(120, 120), now)).toBe("about 2 minutes");
    expect(rangeLeft(range(3000, 6600), now)).toBe("about 50 min to 1 h 50 min");
    expect(rangeLeft(part(), now)).toBeNull();
  });

  it("shrinks while the time passes, and ends", () => {
    const shown = range(120, 300);
    expect(rangeLeft(shown, now)).toBe("about 2 to 5 minutes");
    expect(rangeLeft(shown, minutes(1))).toBe("about 1 to 4 minutes");
    expect(rangeLeft(shown, minutes(4.5))).toBe("less than a minute");
    expect(rangeLeft(shown, minutes(5))).toBe("");
    const long = range(1200, 2400);
    expect(rangeLeft(long, now)).toBe("about 20 to 40 minutes");
    expect(rangeLeft(long, minutes(4))).toBe("about 20 to 40 minutes");
    expect(rangeLeft(long, minutes(6))).toBe("about 15 to 35 minutes");
    expect(waitingWords(shown, minutes(6))[1]).toBe("It takes longer than we thought. You keep your place.");
  });
});

describe("the next opening", () => {
  const at = (day: number, hour: number): string => new Date(2026, 10, day, hour, 0).toISOString();

  it("is named by how far away it is, in the customer's own time", () => {
    expect(openingOf(at(20, 13), now)).toMatch(/^today at /);
    expect(openingOf(at(21, 9), now)).toMatch(/^tomorrow at /);
    expect(openingOf(at(23, 9), now)).toMatch(/^on Monday at /);
    expect(openingOf(at(27, 9), now)).toMatch(/^on Friday,? 27 November at /);
  });

  it("is not promised once it is over, nor when there is none", () => {
    expect(openingOf(at(20, 9), now)).toBeNull();
    expect(openingOf(null, now)).toBeNull();
    expect(openingOf("soon", now)).toBeNull();
    expect(waitingWords(part({ desk_open: false, opens_at: at(20, 9) }), now)).toEqual(["Nobody is at the desk right now.", ""]);
  });
});

describe("what is said of the wait", () => {
  it("is the place, and how long it has been when nobody knows how long it will be", () => {
    expect(waitingWords(range(120, 300), now)).toEqual(["You are number 2 in line.", "It will probably take about 2 to 5 minutes."]);
    expect(waitingWords(part(), now)).toEqual(["You are number 2 in line.", ""]);
    expect(waitingWords(part(), minutes(3))).toEqual(["You are number 2 in line.", "You have waited 3 min so far."]);
    expect(waitingWords(null, now)).toEqual(["You are in line.", ""]);
  });
});

describe("what is read out", () => {
  it("is the first news, and then only what changed", () => {
    const first = worthReading(range(120, 300), null, now)!;
    expect(first).toMatchObject({ desk: true, place: 2, over: false });
    expect(worthReading(range(60, 300), first, minutes(3))).toBeNull();
    expect(worthReading({ ...range(60, 240), position: 1 }, first, now + 1)).toMatchObject({ place: 1 });
    expect(worthReading(part({ desk_open: false }), first, now + 1)).toMatchObject({ desk: false });
  });

  it("is not every step of a quick line", () => {
    const first = worthReading(part({ position: 9 }), null, now)!;
    expect(worthReading(part({ position: 8 }), first, minutes(0.5))).toBeNull();
    expect(worthReading(part({ position: 6 }), first, minutes(1))).toMatchObject({ place: 6 });
  });

  it("is once that the time is over", () => {
    const shown = range(0, 60);
    const first = worthReading(shown, null, now)!;
    const over = worthReading(shown, first, minutes(2))!;
    expect(over.over).toBe(true);
    expect(worthReading(shown, over, minutes(4))).toBeNull();
  });
});
