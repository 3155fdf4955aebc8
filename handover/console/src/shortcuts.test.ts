import { describe, expect, it, vi } from "vitest";
import { Drafts } from "./drafts";
import { ran } from "./shortcuts";

describe("shortcuts", () => {
  const key = (more: KeyboardEventInit): KeyboardEvent => new KeyboardEvent("keydown", { code: "KeyJ", altKey: true, ...more });

  it("go by the physical key, whatever letter the layout puts on it", () => {
    const run = vi.fn();
    expect(ran(key({ key: "∆" }), [{ code: "KeyJ", key: "J", does: "next", run }])).toBe(true);
    expect(run).toHaveBeenCalledOnce();
  });

  it("leave a letter without Alt, and AltGr's Ctrl+Alt, to whoever types", () => {
    const run = vi.fn();
    const list = [{ code: "KeyJ", key: "J", does: "next", run }];
    expect(ran(key({ altKey: false }), list)).toBe(false);
    expect(ran(key({ ctrlKey: true }), list)).toBe(false);
    expect(run).not.toHaveBeenCalled();
  });
});

describe("drafts", () => {
  it("are kept apart by agent, conversation and tab", () => {
    localStorage.clear();
    const mine = new Drafts("a1");
    mine.keep("c", "reply", "Dear Mara");
    mine.keep("c", "note", "careful");
    expect([mine.read("c", "reply"), mine.read("c", "note"), mine.read("d", "reply")]).toEqual(["Dear Mara", "careful", ""]);
    expect(new Drafts("a2").read("c", "reply")).toBe("");
    mine.keep("c", "note", "");
    expect(mine.read("c", "note")).toBe("");
  });
});
