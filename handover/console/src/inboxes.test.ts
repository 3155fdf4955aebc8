import { beforeEach, describe, expect, it } from "vitest";
import { Inboxes, agoWords, heardWords, inboxCalls, stateOf, wishIn, type KeptInbox, type Said, type Wanted } from "./inboxes";

const inbox = (id: string, more: Partial<KeptInbox> = {}): KeptInbox => ({
  id, channel: "telegram", name: id, account: id, settings: {}, secrets: { bot_token: "set" }, webhook_url: "https://h.example/webhooks/telegram/1",
  verify_token: "v", queued: 0, not_delivered: 0, ...more,
});
const refuse = (): never => {
  throw new Error("nobody asked for this");
};
const NOW = Date.parse("2026-11-21T12:00:00Z");
const before = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

describe("the inboxes", () => {
  let rows: KeptInbox[];
  let said: Said[];
  let inboxes: Inboxes;
  const calls: typeof inboxCalls = {
    channels: async () => [], all: async () => rows, add: async () => refuse(), change: async () => refuse(), check: async () => said,
    prepare: async () => said, remove: async (id) => void (rows = rows.filter((row) => row.id !== id)),
    pause: async (id) => void (rows = rows.map((row) => (row.id === id ? { ...row, paused_why: "Paused by Amina." } : row))),
    resume: async () => Promise.reject(new Error("There is no such inbox.")),
  };

  beforeEach(async () => {
    rows = [inbox("a"), inbox("b")];
    said = [{ ok: false, what: "Check access", words: "Telegram refused.", todo: "Put in a new token." }];
    inboxes = new Inboxes({ ...calls });
    await inboxes.refresh();
  });

  it("are asked for again after each deed", async () => {
    expect(await inboxes.pause("a")).toBe(true);
    expect(inboxes.state.value.rows!.map(stateOf)).toEqual(["paused", "waiting"]);
    expect(await inboxes.remove("a")).toBe(true);
    expect(inboxes.state.value.rows!.map(({ id }) => id)).toEqual(["b"]);
    expect(inboxes.state.value.busy.size).toBe(0);
  });

  it("keep what the platform said, apart from the others", async () => {
    expect(await inboxes.check("a")).toBe(true);
    expect(inboxes.state.value.said.get("a")).toEqual(said);
    expect(inboxes.state.value.said.has("b")).toBe(false);
  });

  it("say what was refused, and do one thing at a time", async () => {
    expect(await Promise.all([inboxes.resume("a"), inboxes.resume("a")])).toEqual([false, false]);
    expect(inboxes.state.value.problem).toBe("There is no such inbox.");
    await inboxes.refresh();
    expect(inboxes.state.value.problem).toBe(null);
  });

  it("do not show an answer that a later question overtook", async () => {
    let late: (rows: KeptInbox[]) => void = () => undefined;
    const answers = [new Promise<KeptInbox[]>((done) => void (late = done)), Promise.resolve([inbox("new")])];
    inboxes = new Inboxes({ ...calls, all: () => answers.shift()! });
    const [first, second] = [inboxes.refresh(), inboxes.refresh()];
    await second;
    late([inbox("old")]);
    await first;
    expect(inboxes.state.value.rows!.map(({ id }) => id)).toEqual(["new"]);
  });
});

describe("what is said of an inbox", () => {
  it("names what it waits for", () => {
    expect(stateOf(inbox("a"))).toBe("waiting");
    expect(stateOf(inbox("a", { webhook_at: before(3) }))).toBe("live");
    expect(stateOf(inbox("a", { webhook_at: before(3), paused_why: "The token was withdrawn." }))).toBe("paused");
  });

  it("counts from when the platform was heard", () => {
    expect(heardWords(inbox("a"), NOW)).toBe("Nothing has arrived yet.");
    expect(heardWords(inbox("a", { webhook_at: before(12) }), NOW)).toBe("We received your webhook 12 seconds ago.");
    expect(heardWords(inbox("a", { handshake_at: before(90) }), NOW)).toContain("asked for our address 1 minute ago");
  });

  it.each([[-30, "just now"], [1, "just now"], [59, "59 seconds ago"], [60, "1 minute ago"], [7200, "2 hours ago"], [3 * 86_400, "3 days ago"]])(
    "%i seconds: %s",
    (seconds, words) => expect(agoWords(before(seconds), NOW)).toBe(words),
  );
});

describe("what the form says", () => {
  const field = (name: string, secret: boolean): Wanted => ({ name, label: name, help: "", secret, required: false });
  const fields = [field("webhook_id", false), field("access_token", true), field("app_token", true), field("other", true)];

  it("keeps an empty secret, erases one that is named, and empties a setting", () => {
    const form = new FormData();
    for (const [name, value] of Object.entries({ name: " Shop ", account: "1", webhook_id: "", access_token: " new ", app_token: "", other: "" })) form.set(name, value);
    form.set("erase app_token", "on");
    expect(wishIn(form, fields)).toEqual({ name: "Shop", account: "1", settings: { webhook_id: null }, secrets: { access_token: "new", app_token: null } });
  });
});
