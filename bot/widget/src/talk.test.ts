import { describe, expect, it } from "vitest";
import type { ControlFrame, CustomerReceives, CustomerWelcome, EntryFrame } from "./shared/wire";
import { blankTalk, openButtons, unreadCount, whoWrites, withFrame, type Talk } from "./talk";

const welcome = (more: Partial<CustomerWelcome> = {}): CustomerWelcome => ({
  type: "welcome",
  token: "t",
  conversation: "c",
  control: "bot",
  lifecycle: "active",
  offset: 1,
  epoch: 1,
  assistant: { name: "Juniper", company: "Tarn & Trail", disclosure: "An automated assistant." },
  ...more,
});
const entry = (offset: number, kind: EntryFrame["author"]["kind"], more: Partial<EntryFrame> = {}): EntryFrame => ({
  type: "entry",
  offset,
  author: { kind, name: kind },
  kind: "message",
  text: `words ${offset}`,
  at: "2026-11-21T10:00:00Z",
  ...more,
});
const control = (to: ControlFrame["control"], epoch: number, more: Partial<ControlFrame> = {}): ControlFrame => ({
  type: "control",
  control: to,
  epoch,
  ...more,
});
const after = (...frames: CustomerReceives[]): Talk => frames.reduce(withFrame, blankTalk);
const said = (talk: Talk, id: string): Talk => ({
  ...talk,
  unsent: [...talk.unsent, { frame: { type: "say", client_id: id, text: "hello" }, at: 0, refused: null }],
});

describe("the conversation in the widget", () => {
  it("shows the pieces of a reply and replaces them by the entry", () => {
    const asked = after(welcome(), entry(1, "bot"), entry(2, "customer"));
    const writing = [{ type: "delta", turn: "a", text: "You " }, { type: "delta", turn: "a", text: "can" }] as const;
    const midway = writing.reduce<Talk>(withFrame, asked);
    expect(midway.writing).toEqual({ turn: "a", text: "You can" });
    expect(withFrame(midway, entry(3, "bot")).writing).toBeNull();
  });

  it("starts the pieces anew when a newer turn supersedes the reply", () => {
    const talk = after(welcome(), entry(1, "bot"), entry(2, "customer"), { type: "delta", turn: "a", text: "Old" });
    expect(withFrame(talk, { type: "delta", turn: "b", text: "New" }).writing?.text).toBe("New");
  });

  it("stops showing the bot's pieces the moment a person takes over", () => {
    const talk = after(welcome(), entry(2, "customer"), { type: "delta", turn: "a", text: "Half a rep" });
    const taken = withFrame(talk, control("human", 2, { agent: "Amina" }));
    expect(taken.writing).toBeNull();
    expect(taken.agent).toBe("Amina");
  });

  it("shows that the bot writes, but no half sentence, to a page that came in the middle", () => {
    const talk = after(welcome({ offset: 2 }), entry(1, "bot"), entry(2, "customer"), { type: "delta", turn: "a", text: "ddle of it" });
    expect(talk.writing).toBeNull();
    expect(talk.typing?.kind).toBe("bot");
  });

  it("takes a sent message out of what waits when its entry comes, and only then", () => {
    const sending = said(after(welcome(), entry(1, "bot")), "m1");
    expect(withFrame(sending, entry(2, "customer", { client_id: "other" })).unsent).toHaveLength(1);
    expect(withFrame(sending, entry(2, "customer", { client_id: "m1" })).unsent).toHaveLength(0);
  });

  it("keeps a refused message with the service's words, for another try", () => {
    const talk = withFrame(said(after(welcome()), "m1"), {
      type: "error", code: "too_many", message: "Too fast.", retry_after: 3, client_id: "m1",
    });
    expect(talk.unsent[0]?.refused).toBe("Too fast.");
    expect(talk.problem).toEqual({ text: "Too fast.", retryAfter: 3 });
  });

  it("ignores a change of control that was overtaken", () => {
    const talk = after(welcome(), control("human", 3, { agent: "Amina" }), control("offered", 2));
    expect(talk.control).toBe("human");
  });

  it("asks how it was after a person hands back, names the stretch, and not twice", () => {
    const handed = after(welcome(), control("offered", 2), control("human", 3, { agent: "Amina" }), control("bot", 4));
    expect(handed.ended).toEqual({ stretch: 3, by: "Amina" });
    expect(withFrame(handed, welcome({ rated: [3] })).ended).toBeNull();
  });

  it("keeps its thanks for a score over a new greeting, whether the service has the score already or not", () => {
    const handed = after(welcome(), control("offered", 2), control("human", 3, { agent: "Amina" }), control("bot", 4));
    for (const rated of [[], [3]]) {
      const greeted = withFrame({ ...handed, rated: [3] }, welcome({ rated }));
      expect([greeted.ended?.stretch, greeted.rated]).toEqual([3, [3]]);
    }
  });

  it("does not ask how it was while the customer is passed on to another person", () => {
    expect(after(welcome(), control("human", 2, { agent: "Amina" }), control("offered", 3)).ended).toBeNull();
  });

  it("asks how the bot was when the conversation is closed", () => {
    const closed = after(welcome({ epoch: 5 }), control("nobody", 6, { lifecycle: "resolved" }));
    expect(closed.ended).toEqual({ stretch: 5, by: "Juniper" });
  });

  it("counts as unread only what others said after what was seen", () => {
    const talk = after(welcome({ seen: 1 }), entry(1, "bot"), entry(2, "customer"), entry(3, "bot"), entry(4, "agent"));
    expect(unreadCount(talk)).toBe(2);
  });

  it("lets buttons be pressed until the customer has answered", () => {
    const asked = after(welcome(), entry(1, "bot", { buttons: [{ title: "Yes", payload: "p" }] }));
    expect(openButtons(asked)).toBe(1);
    expect(openButtons(withFrame(asked, entry(2, "customer")))).toBeNull();
  });

  it("starts from nothing when the service names another conversation", () => {
    const talk = withFrame(after(welcome(), entry(1, "bot")), welcome({ conversation: "d" }));
    expect(talk.log.entries).toHaveLength(0);
  });

  it("shows how long and whether anybody is there while the customer waits, and not after", () => {
    const waiting = { desk_open: false, since: "2026-11-21T10:00:00Z", position: 2 };
    const talk = after(welcome(), control("offered", 2, { waiting }));
    expect(talk.waiting).toEqual(waiting);
    expect(withFrame(talk, control("bot", 3)).waiting).toBeNull();
  });
});

describe("an answer that is being written", () => {
  it("is seen as writing from the customer's last word on, before the first piece has come", () => {
    const asked = after(welcome(), entry(1, "bot"), entry(2, "customer"));
    expect(whoWrites({ ...asked, link: "open" })?.name).toBe("Juniper");
    expect(whoWrites({ ...asked, link: "lost" })).toBeNull();
    expect(whoWrites({ ...withFrame(asked, entry(3, "bot")), link: "open" })).toBeNull();
  });

  it("vanishes when another line comes, and its later pieces are not shown in mid-sentence", () => {
    const piece = (turn: string, text: string) => ({ type: "delta", turn, text }) as const;
    const cut = after(welcome(), entry(1, "bot"), entry(2, "customer"), piece("t1", "Boots are"), entry(3, "customer"), piece("t1", " waxed"));
    expect(cut.writing).toBeNull();
    expect(withFrame(cut, piece("t2", "Tents")).writing).toEqual({ turn: "t2", text: "Tents" });
  });

  it("gives way to the first piece of a newer turn", () => {
    const piece = (turn: string, text: string) => ({ type: "delta", turn, text }) as const;
    const two = after(welcome(), entry(1, "bot"), entry(2, "customer"), piece("t1", "Boots are"), piece("t2", "Tents"));
    expect(two.writing).toEqual({ turn: "t2", text: "Tents" });
  });
});
