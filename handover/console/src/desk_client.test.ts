import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HandSocket, lastSocket } from "../../../bot/widget/src/shared/hand_socket";
import type { AgentPart, EntryFrame } from "../../../bot/widget/src/shared/wire";
import { DeskClient } from "./desk_client";

const me: AgentPart = { id: "a1", name: "Amina", role: "agent", availability: "online", capacity: 4 };
const welcome = { type: "welcome", agent: me, feed: 7 } as const;
const sent = (type: string): Record<string, unknown>[] =>
  HandSocket.made.flatMap((socket) => socket.frames.filter((frame) => frame.type === type));

describe("a console whose line breaks", () => {
  let client: DeskClient;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("WebSocket", HandSocket);
    vi.stubGlobal("fetch", async () => new Response("[]"));
    localStorage.clear();
    HandSocket.made = [];
    client = new DeskClient(me, () => undefined);
    client.start();
    lastSocket().opens();
    lastSocket().says(welcome);
  });
  afterEach(() => {
    client.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const back = (): void => {
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    lastSocket().says(welcome);
  };

  it("takes up after the last number that was complete, never after the newest it happened to hear", () => {
    lastSocket().says({ type: "heartbeat", feed: 7 });
    lastSocket().says({ type: "offer_gone", conversation: "c", feed: 9 });
    lastSocket().ends(1006);
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    expect(lastSocket().frames[0]).toEqual({ type: "hello", after: 7 });
  });

  it("asks for everything when the first picture was cut short", () => {
    lastSocket().ends(1006);
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    expect(lastSocket().frames[0]).toEqual({ type: "hello" });
  });

  it("says its words again with the same id, and opens again what it shows after its last line", () => {
    client.open("c");
    const line: EntryFrame = {
      type: "entry", conversation: "c", offset: 1, author: { kind: "customer", name: "Mara" }, kind: "message", text: "?", at: "2026-11-21T10:00:00Z",
    };
    lastSocket().says(line);
    client.write("c", "reply", "Here.");
    client.submit("c", "reply");
    lastSocket().ends(1012);
    back();
    const [first, again] = sent("say");
    expect(again).toEqual(first);
    expect(lastSocket().frames).toContainEqual({ type: "open", conversation: "c", after: 1 });
  });

  it("does what was pressed while the line was away for a moment, and says nothing of it", () => {
    lastSocket().ends(1012);
    client.send({ type: "accept", conversation: "c", epoch: 2 });
    expect(client.messages.value).toEqual([]);
    back();
    expect(sent("accept")).toEqual([{ type: "accept", conversation: "c", epoch: 2 }]);
  });

  it("says that nothing was done when the line stays lost", () => {
    lastSocket().ends(1006);
    client.send({ type: "accept", conversation: "c", epoch: 2 });
    vi.advanceTimersByTime(6_000);
    expect(client.messages.value.map((one) => one.bad)).toEqual([true]);
    lastSocket().opens();
    lastSocket().says(welcome);
    expect(sent("accept")).toEqual([]);
  });

  it("sends a template once, and its confirmation leaves a reply that was being written alone", () => {
    client.open("c");
    client.write("c", "reply", "half a reply");
    client.write("c", "template", '{"name":"order_update"}');
    client.submitTemplate("c", { name: "order_update", language: "en" }, "Hello.");
    client.submitTemplate("c", { name: "order_update", language: "en" }, "Hello.");
    const [said, more] = sent("say");
    expect([said?.template, said?.text, more]).toEqual([{ name: "order_update", language: "en" }, "Hello.", undefined]);
    lastSocket().says({ type: "entry", conversation: "c", offset: 1, author: { kind: "agent", name: "Amina" }, kind: "message", text: "Hello.", at: "2026-11-21T10:00:00Z", client_id: String(said?.client_id) });
    expect([client.text("c", "template"), client.text("c", "reply")]).toEqual(["", "half a reply"]);
  });
});
