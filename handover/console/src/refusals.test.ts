import { describe, expect, it } from "vitest";
import type { ErrorFrame } from "../../../bot/widget/src/shared/wire";
import { refusalOf } from "./refusals";

const error = (code: string, more: Partial<ErrorFrame> = {}): ErrorFrame => ({ type: "error", code, message: "The desk's words.", ...more });
const words = (code: string, more: Partial<ErrorFrame> = {}): string => refusalOf(error(code, more)).text;

describe("a refusal of the desk", () => {
  it("names who was faster", () => {
    expect(words("taken", { detail: { taken_by: "Jonas" } })).toBe("Jonas was faster and has this conversation. You can read along.");
    expect(words("not_yours", { detail: { held_by: "Jonas" } })).toContain("Jonas has this conversation now");
  });

  it("says how much room there is and what would make some", () => {
    const full = words("illegal_move", { detail: { held: 7, capacity: 8, weight: 2 } });
    expect(full).toContain("it takes 2 slots, and you hold 7 of 8");
    expect(full).toContain("Resolve, snooze or hand back another first");
  });

  it("says that something moved on, or that nothing can be kept now", () => {
    expect(words("illegal_move", { detail: { epoch: 4 } })).toContain("moved on meanwhile");
    expect(words("unavailable", { retry_after: 1.2 })).toBe("The desk's words. Nothing was changed. Try again in 2 s.");
    expect(words("forbidden")).toBe("The desk's words.");
  });

  it("is a notice that stays, and no fault, when the first reply came too late", () => {
    expect(refusalOf(error("reply_late"))).toEqual({ text: "The desk's words.", bad: false, stays: true });
    expect(refusalOf(error("too_many"))).toMatchObject({ bad: true, stays: false });
  });
});
