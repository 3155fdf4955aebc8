import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "./client";
import { HandSocket, lastSocket } from "./shared/hand_socket";
import type { CustomerWelcome, EntryFrame } from "./shared/wire";

const welcome: CustomerWelcome = {
  type: "welcome",
  token: "t",
  conversation: "c",
  control: "bot",
  lifecycle: "active",
  offset: 0,
  epoch: 1,
  assistant: { name: "Juniper", company: "Tarn & Trail", disclosure: "An AI." },
};
const entry = (offset: number, more: Partial<EntryFrame> = {}): EntryFrame => ({
  type: "entry", offset, author: { kind: "bot", name: "Juniper" }, kind: "message", text: `line ${offset}`, at: "2026-11-21T10:00:00Z", ...more,
});
const sent = (type: string): Record<string, unknown>[] =>
  HandSocket.made.flatMap((socket) => socket.frames.filter((frame) => frame.type === type));

describe("what the customer did while the line broke", () => {
  let client: Client;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", HandSocket);
    localStorage.clear();
    HandSocket.made = [];
    client = new Client("http://shop.example");
    client.start();
    lastSocket().opens();
    lastSocket().says(welcome);
  });
  afterEach(() => {
    client.reset();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const breaks = (): void => {
    lastSocket().ends(1006);
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
  };

  it("is said again with the same id, until it comes back as a line", () => {
    client.say("Where is it?");
    breaks();
    lastSocket().says(welcome);
    const [first, again] = sent("say");
    expect(again).toEqual(first);
    lastSocket().says(entry(1, { author: { kind: "customer", name: "Customer" }, client_id: String(first!.client_id) }));
    breaks();
    lastSocket().says({ ...welcome, offset: 1 });
    expect(sent("say")).toHaveLength(2);
    expect(client.talk.value.log.entries).toHaveLength(1);
  });

  it("is said again with the same id while the service can keep nothing, in its order, and never called not sent", () => {
    const refuse = (id: unknown): void =>
      lastSocket().says({ type: "error", code: "unavailable", message: "Not now.", client_id: String(id) });
    client.say("first");
    const [first] = sent("say");
    refuse(first!.client_id);
    client.say("second");
    expect(sent("say")).toHaveLength(1);
    vi.advanceTimersByTime(1_000);
    expect(sent("say").map((frame) => frame.text)).toEqual(["first", "first", "second"]);
    expect(sent("say")[1]).toEqual(first);
    refuse(first!.client_id);
    vi.advanceTimersByTime(2_000);
    expect(client.talk.value.unsent.map((one) => one.refused)).toEqual([null, null]);
  });

  it("is called not sent when the service could keep nothing for half a minute, and may be tried again by hand", () => {
    client.say("first");
    const id = String(sent("say")[0]!.client_id);
    const refuse = (): void => lastSocket().says({ type: "error", code: "unavailable", message: "Not now.", client_id: id });
    [1, 2, 4, 8, 15].forEach((pause, i) => {
      refuse();
      vi.advanceTimersByTime(pause * 1_000);
      lastSocket().says({ type: "heartbeat" });
      expect(sent("say")).toHaveLength(i + 2);
      expect(client.talk.value.unsent[0]!.refused).toBeNull();
    });
    refuse();
    expect(client.talk.value.unsent[0]!.refused).toBe("Not now.");
    client.retry(id);
    expect(sent("say")).toHaveLength(7);
  });

  it("is said again by itself, at a time of its own, while too many write at once, and says so meanwhile", () => {
    const refuse = (id: unknown): void =>
      lastSocket().says({ type: "error", code: "busy", message: "Not yet.", retry_after: 3, client_id: String(id) });
    client.say("first");
    client.say("second");
    const [first, second] = sent("say");
    refuse(first!.client_id);
    refuse(second!.client_id);
    expect(client.talk.value.unsent.map((one) => [one.busy, one.refused])).toEqual([[true, null], [true, null]]);
    vi.advanceTimersByTime(2_900);
    expect(sent("say")).toHaveLength(2);
    vi.advanceTimersByTime(1_700); // three seconds and at most half as much again
    expect(sent("say").map((frame) => frame.text)).toEqual(["first", "second", "first", "second"]);
  });

  it("asks for a person at once also while the bot has no time, and then the waiting words go there", () => {
    client.say("first");
    const id = String(sent("say")[0]!.client_id);
    lastSocket().says({ type: "error", code: "busy", message: "Not yet.", retry_after: 20, client_id: id });
    client.askForHuman();
    expect(sent("ask_for_human")).toHaveLength(1);
    lastSocket().says({ type: "control", control: "offered", epoch: 2 });
    expect(sent("say").map((frame) => frame.client_id)).toEqual([id, id]);
  });

  it("is called not sent when too many wrote for minutes, and may be tried again by hand", () => {
    client.say("first");
    const id = String(sent("say")[0]!.client_id);
    for (let tries = 0; tries < 9; tries += 1) {
      lastSocket().says({ type: "error", code: "busy", message: "Not yet.", retry_after: 2, client_id: id });
      vi.advanceTimersByTime(19_000);
      lastSocket().says({ type: "heartbeat" });
      vi.advanceTimersByTime(19_000);
      lastSocket().says({ type: "heartbeat" });
      vi.advanceTimersByTime(7_500);
      lastSocket().says({ type: "heartbeat" });
    }
    expect(client.talk.value.unsent[0]!.refused).toBe("Not yet.");
  });

  it("keeps its order: what is written before the welcome waits behind what was written earlier", () => {
    lastSocket().ends(1006);
    client.say("first");
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    client.say("second");
    expect(sent("say")).toEqual([]);
    lastSocket().says(welcome);
    expect(sent("say").map((frame) => frame.text)).toEqual(["first", "second"]);
  });

  it("is said again when the answer was cut before it came, and the line that comes twice is shown once", () => {
    client.say("Where is it?");
    const mine = entry(1, { author: { kind: "customer", name: "Customer" }, client_id: String(sent("say")[0]!.client_id) });
    breaks();
    lastSocket().says({ ...welcome, offset: 1 });
    lastSocket().says(mine);
    lastSocket().says(mine);
    expect(client.talk.value.log.entries.map((one) => one.offset)).toEqual([1]);
    expect(client.talk.value.unsent).toEqual([]);
  });

  it("names the last line it has, and takes no line past a gap", () => {
    lastSocket().says(entry(1));
    lastSocket().says(entry(3));
    breaks();
    expect(lastSocket().frames[0]).toMatchObject({ type: "hello", token: "t", conversation: "c", after: 1 });
  });

  it("keeps a score until the service has it, and what was read", () => {
    lastSocket().says({ type: "control", control: "human", epoch: 2, agent: "Ada" });
    lastSocket().says({ type: "control", control: "bot", epoch: 3 });
    lastSocket().says(entry(1));
    lastSocket().ends(1006);
    client.rate(5, "");
    client.markSeen();
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    lastSocket().says({ ...welcome, epoch: 3, offset: 1, seen: 0 });
    expect(sent("rate")).toEqual([{ type: "rate", stretch: 2, score: 5 }]);
    expect(sent("seen")).toEqual([{ type: "seen", offset: 1 }]);
    breaks();
    lastSocket().says({ ...welcome, epoch: 3, offset: 1, seen: 1, rated: [2] });
    expect(sent("rate")).toHaveLength(1);
  });

  it("does not say again that somebody was typing", () => {
    client.types();
    breaks();
    lastSocket().says(welcome);
    expect(sent("typing")).toHaveLength(1);
  });

  it("asks for a person once more only until control says that it was heard", () => {
    client.askForHuman();
    breaks();
    lastSocket().says({ ...welcome, control: "human", epoch: 3, agent: "Ada" });
    expect(sent("ask_for_human")).toHaveLength(1);
    expect(client.talk.value.unsent).toEqual([]);
  });

  it("drops a half-written answer, whose next pieces would begin in mid-sentence", () => {
    lastSocket().says(entry(1));
    lastSocket().says({ type: "delta", turn: "t1", text: "Boots are" });
    expect(client.talk.value.writing?.text).toBe("Boots are");
    lastSocket().ends(1012);
    expect(client.talk.value.writing).toBeNull();
    expect(client.talk.value.link).toBe("away");
  });
});
