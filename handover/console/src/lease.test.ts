import { describe, expect, it } from "vitest";
import { languageName, leftUntil, lengthOf, listIn } from "./lease";

const now = Date.parse("2026-11-21T10:00:00Z");
const after = (seconds: number): string => new Date(now + seconds * 1000).toISOString();

describe("time that is left", () => {
  it("is counted in seconds near the end and in minutes before", () => {
    expect(leftUntil(after(105), now)?.words).toBe("1:45");
    expect(leftUntil(after(9), now)?.words).toBe("0:09");
    expect(leftUntil(after(25 * 60), now)?.words).toBe("25 min");
  });

  it("is urgent in the last half minute, and then over and late", () => {
    expect(leftUntil(after(31), now)).toMatchObject({ urgent: false, over: false });
    expect(leftUntil(after(30), now)).toMatchObject({ urgent: true, over: false });
    expect(leftUntil(after(-5), now)).toMatchObject({ words: "due now", over: true });
    expect(leftUntil(after(-150), now)).toMatchObject({ words: "late by 2 min", urgent: true });
  });

  it("is a moment that does not change for those who are read to, and nothing without one", () => {
    expect(leftUntil(after(90), now)?.clock).toBe(leftUntil(after(90), now + 30_000)?.clock);
    expect(leftUntil(null, now)).toBeNull();
    expect(leftUntil("soon", now)).toBeNull();
  });
});

describe("words of a form and a report", () => {
  it("takes a list apart at commas and keeps each once", () => {
    expect(listIn(" orders, payments ,,orders\nsafety ")).toEqual(["orders", "payments", "safety"]);
    expect(listIn(" , ")).toEqual([]);
  });

  it("names a language, and leaves alone what is none", () => {
    expect(languageName("de")).not.toBe("");
    expect(languageName("<b>")).toBe("<b>");
  });

  it("writes lengths as people say them", () => {
    expect([45.4, 60, 95, 3600, 7500, -12].map(lengthOf)).toEqual(["45 s", "1 min", "1 min 35 s", "1 h", "2 h 5 min", "12 s"]);
  });
});
