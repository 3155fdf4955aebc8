import { describe, expect, it } from "vitest";
import { lengthIn, lengthWords, messagesOf } from "./lengths";

const characters = (limit: number) => ({ limit, unit: "characters" });

describe("the length of a reply", () => {
  it("is counted in the platform's own unit", () => {
    expect(["characters", "utf16", "bytes"].map((unit) => lengthIn(unit, "é👍"))).toEqual([2, 3, 6]);
  });

  it("is shown only when it comes near what one message holds", () => {
    expect(lengthWords("x".repeat(79), characters(100))).toBeNull();
    expect(lengthWords("x".repeat(80), characters(100))).toEqual({ counter: "80 of 100 characters", split: "" });
    expect(lengthWords("ü".repeat(45), { limit: 100, unit: "bytes" })?.counter).toBe("90 of 100 bytes");
    expect(lengthWords("anything", undefined)).toBeNull();
  });

  it("says in how many messages it goes once it is too long for one", () => {
    expect(lengthWords("x".repeat(100), characters(100))?.split).toBe("");
    expect(lengthWords("x".repeat(101), characters(100))?.split).toBe("It will be sent as 2 messages.");
  });
});

describe("the messages a text is sent in", () => {
  it("are cut between words, so that there may be more than the length alone would make", () => {
    expect(messagesOf("aaaa bbbb cccc", characters(9))).toBe(2);
    expect(messagesOf("aaaa bbbbbb cccccc", characters(9))).toBe(3);
  });

  it("never cut inside what is one sign to a reader, unless it alone is too long", () => {
    const family = "👨‍👩‍👧";
    expect(messagesOf(family.repeat(4), { limit: lengthIn("utf16", family) * 2, unit: "utf16" })).toBe(2);
    expect(messagesOf(family, { limit: 4, unit: "bytes" })).toBe(5);
  });

  it("leave out what would be blank", () => {
    expect(messagesOf(`aaaa${" ".repeat(20)}bbbb`, characters(8))).toBe(2);
  });
});
