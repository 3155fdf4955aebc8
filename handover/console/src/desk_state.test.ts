import { describe, expect, it } from "vitest";
import type { AgentPart, AgentReceives, ConversationFrame, EntryFrame, OfferFrame } from "../../../bot/widget/src/shared/wire";
import { blankDesk, blankOpened, listed, openDrafts, unanswered, withFrame, type DeskState } from "./desk_state";

const me: AgentPart = { id: "a1", name: "Amina", role: "agent", availability: "online", capacity: 4 };
const row = (conversation: string, feed: number, more: Partial<ConversationFrame> = {}): ConversationFrame => ({
  type: "conversation",
  conversation,
  inbox: "web",
  lifecycle: "active",
  control: "bot",
  epoch: 1,
  customer: { id: "k" },
  feed,
  changed_at: "2026-11-21T10:00:00Z",
  ...more,
});
const offer = (conversation: string, epoch: number, feed: number): OfferFrame => ({
  type: "offer", conversation, epoch, feed, packet: {}, deadline: "2026-11-21T10:02:00Z", weight: 2, expires_at: "2026-11-21T10:01:00Z",
});
const entry = (offset: number): EntryFrame => ({
  type: "entry", conversation: "c", offset, author: { kind: "customer", name: "Mara" }, kind: "message", text: "x", at: "2026-11-21T10:00:00Z",
});
const after = (...frames: AgentReceives[]): DeskState => frames.reduce(withFrame, { ...blankDesk, me });
const names = (desk: DeskState, view: Parameters<typeof listed>[1]): string[] => listed(desk, view).map((each) => each.conversation);

describe("the marks of lines", () => {
  const mark = (version: number, more: object): AgentReceives => ({ type: "entry_mark", conversation: "c", offset: 1, version, ...more });
  const open = { ...blankDesk, me, opened: new Map([["c", blankOpened]]) };
  const text = (...frames: AgentReceives[]): string[] =>
    frames.reduce(withFrame, open).opened.get("c")!.log.entries.map((each) => each.text);

  it("change the words whether they come before the line, after it, or out of their order", () => {
    const edited = mark(2, { text: "y", edited_at: "2026-11-21T10:01:00Z" });
    expect(text(edited, entry(1))).toEqual(["y"]);
    expect(text(entry(1), edited, mark(1, { text: "older" }))).toEqual(["y"]);
    expect(text(entry(1), edited, mark(3, { deleted: true }), entry(2))).toEqual(["", "x"]);
  });
});

describe("the desk's lists", () => {
  it("let the newest row win, whichever came last", () => {
    const desk = after(row("c", 5, { control: "human", agent: me }), row("c", 3));
    expect(names(desk, "mine")).toEqual(["c"]);
  });

  it("take gathered rows as if each had come by itself", () => {
    const desk = after(
      row("c", 5, { control: "human", agent: me }),
      offer("o", 2, 6),
      { type: "conversations", rows: [row("c", 3), row("b", 8), row("o", 9, { epoch: 3 })] },
    );
    expect(names(desk, "mine")).toEqual(["c"]);
    expect(names(desk, "bot").sort()).toEqual(["b", "o"]);
    expect(desk.offers.size).toBe(0);
  });

  it("show a conversation in every list it belongs to and no other", () => {
    const desk = after(
      row("b", 1),
      row("o", 2, { control: "offered", epoch: 2 }),
      offer("o", 2, 3),
      row("m", 4, { control: "human", agent: me }),
      row("t", 5, { control: "human", agent: { ...me, id: "a2" } }),
      row("n", 6, { control: "nobody" }),
      row("r", 7, { control: "nobody", lifecycle: "resolved" }),
    );
    expect(names(desk, "offers")).toEqual(["o"]);
    expect(names(desk, "mine")).toEqual(["m"]);
    expect(names(desk, "bot")).toEqual(["b"]);
    expect(names(desk, "waiting").sort()).toEqual(["n", "o"]);
    expect(names(desk, "resolved")).toEqual(["r"]);
  });

  it("drop an offer when somebody took it, even if the word of it was lost and only the row comes", () => {
    const offered = after(row("o", 1, { control: "offered", epoch: 2 }), offer("o", 2, 2));
    expect(names(withFrame(offered, { type: "offer_gone", conversation: "o", feed: 3 }), "offers")).toEqual([]);
    expect(withFrame(offered, row("o", 4, { control: "human", epoch: 3 })).offers.size).toBe(0);
  });

  it("refuse an offer that was overtaken on its way", () => {
    expect(after(row("o", 9, { control: "human", epoch: 3 }), offer("o", 2, 4)).offers.size).toBe(0);
  });

  it("count on a feed number only when the service says that everything up to it has come", () => {
    const desk = after({ type: "welcome", agent: me, feed: 40 }, row("c", 12), offer("o", 2, 30));
    expect(desk.feed).toBe(0);
    expect(withFrame(desk, { type: "heartbeat", feed: 12 }).feed).toBe(12);
  });

  it("drop offers that are not told again after a new connection", () => {
    const before = after(row("a", 1, { control: "offered", epoch: 2 }), row("b", 2, { control: "offered", epoch: 2 }), offer("a", 2, 1), offer("b", 2, 2));
    const again = [{ type: "welcome", agent: me, feed: 2 } as const, offer("b", 2, 2)].reduce<DeskState>(withFrame, before);
    expect([...again.offers.keys()]).toEqual(["a", "b"]);
    expect([...withFrame(again, { type: "heartbeat", feed: 2 }).offers.keys()]).toEqual(["b"]);
  });

  it("put those who wait longest first", () => {
    const desk = after(
      row("late", 1, { control: "offered", waiting_since: "2026-11-21T10:05:00Z" }),
      row("early", 2, { control: "offered", waiting_since: "2026-11-21T10:01:00Z" }),
    );
    expect(names(desk, "waiting")).toEqual(["early", "late"]);
  });

  it("count mine as unanswered while the customer has the last word", () => {
    const last = { offset: 3, author: "customer", text: "?", at: "2026-11-21T10:00:00Z" } as const;
    expect(unanswered(after(row("c", 1, { control: "human", agent: me, last_entry: last })))).toBe(1);
  });
});

describe("an opened conversation", () => {
  const opened = (): DeskState => ({ ...blankDesk, me, opened: new Map([["c", blankOpened]]) });
  const at = (desk: DeskState) => desk.opened.get("c")!;

  it("shows the missed lines that a stale send bounced with", () => {
    const desk = [entry(1)].reduce<DeskState>(withFrame, opened());
    const bounced = withFrame(desk, { type: "error", code: "stale_view", message: "", conversation: "c", missed: [entry(2), entry(3)] });
    expect(at(bounced).log.entries.map((each) => each.offset)).toEqual([1, 2, 3]);
  });

  it("keeps a note once, however often it comes", () => {
    const note = { type: "note", conversation: "c", id: "n1", author: me, text: "x", at: "2026-11-21T10:00:00Z", after_offset: 1 } as const;
    expect(at([note, note].reduce<DeskState>(withFrame, opened())).notes).toHaveLength(1);
  });

  it("takes no lines for a conversation that was not opened", () => {
    expect(withFrame({ ...blankDesk, me }, entry(1)).opened.size).toBe(0);
  });

  it("drops an answer that was overtaken while it was written, and its later pieces", () => {
    const piece = (turn: string, text: string) => ({ type: "delta", conversation: "c", turn, text }) as const;
    const cut = [piece("t1", "Boots are"), entry(1), piece("t1", " waxed")].reduce<DeskState>(withFrame, opened());
    expect(at(cut).writing).toBeNull();
    expect(at(withFrame(cut, piece("t2", "Tents"))).writing?.text).toBe("Tents");
  });

  it("shows a suggestion to who has the conversation, and a late reply until somebody has answered", () => {
    const draft = (origin: "suggestion" | "late_reply") =>
      ({ type: "draft", conversation: "c", text: origin, origin, at: "2026-11-21T10:05:00Z" }) as const;
    const both = [draft("suggestion"), draft("late_reply")].reduce<DeskState>(withFrame, opened());
    expect(openDrafts(at(both), true)).toHaveLength(2);
    expect(openDrafts(at(both), false).map((one) => one.origin)).toEqual(["late_reply"]);
    const answer = { ...entry(1), author: { kind: "agent", name: "Amina" }, at: "2026-11-21T10:06:00Z" } as const;
    expect(openDrafts(at(withFrame(both, answer)), true)).toHaveLength(0);
  });
});
