import { describe, expect, it } from "vitest";
import { dayAbove, dayOf } from "./words";

const now = new Date(2026, 10, 21, 10, 0);
const at = (day: number, hour: number): string => new Date(2026, 10, day, hour, 30).toISOString();

describe("the day above a line", () => {
  it("is named by how far away it is", () => {
    expect(dayOf(at(21, 0), now)).toBe("Today");
    expect(dayOf(at(20, 23), now)).toBe("Yesterday");
    expect(dayOf(at(12, 9), now)).toContain("12");
    expect(dayOf(new Date(2024, 2, 3, 9).toISOString(), now)).toContain("2024");
  });

  it("stands where the day changes, and not above a talk of today", () => {
    expect(dayAbove(undefined, at(21, 9), now)).toBeNull();
    expect(dayAbove(undefined, at(20, 9), now)).toBe("Yesterday");
    expect(dayAbove(at(20, 9), at(20, 11), now)).toBeNull();
    expect(dayAbove(at(20, 23), at(21, 0), now)).toBe("Today");
  });

  it("is nothing for a time that is none", () => {
    expect(dayOf("soon", now)).toBe("");
  });
});
