import { describe, expect, it, vi } from "vitest";
import { makeApi, type EventName } from "./api";
import { Client } from "./client";
import { Memory } from "./memory";
import { Observed } from "./shared/observed";
import { withFrame } from "./talk";

function made() {
  localStorage.clear();
  const client = new Client("https://shop.example", new Memory("https://shop.example", localStorage));
  const open = new Observed(false);
  return { client, open, api: makeApi(client, open) };
}

describe("window.Switchboard", () => {
  it("opens, closes and toggles, and replays calls that waited in order", () => {
    const { open, api } = made();
    const seen: boolean[] = [];
    open.watch((value) => seen.push(value));
    api.push(["open"], ["close"], ["toggle"]);
    expect(seen).toEqual([true, false, true]);
  });

  it("puts a draft into the composer but never over words that are there", () => {
    const { client, api } = made();
    api.open("Where is my order?");
    expect(client.draft.value).toBe("Where is my order?");
    api.open("Something else");
    expect(client.draft.value).toBe("Where is my order?");
  });

  it("says so when asked for an event or a method it does not have", () => {
    const { api } = made();
    expect(() => api.on("mesage" as EventName, () => {})).toThrow(/has no event/);
    expect(() => api.on("message", undefined as unknown as () => void)).toThrow(/needs a function/);
    expect(() => api.push(["explode"])).toThrow(/has no method/);
  });

  it("tells when a person joins, once, until the listener is taken away", () => {
    const { client, api } = made();
    const joined = vi.fn();
    const stop = api.on("agent-joined", joined);
    const assistant = { name: "Juniper", company: "T", disclosure: "d" };
    client.talk.update((talk) => ({ ...talk, conversation: "c", assistant }));
    client.talk.update((talk) => withFrame(talk, { type: "control", control: "human", epoch: 2, agent: "Amina" }));
    expect(joined).toHaveBeenCalledExactlyOnceWith({ name: "Amina" });
    stop();
    client.talk.update((talk) => withFrame(talk, { type: "control", control: "human", epoch: 4, agent: "Jonas" }));
    expect(joined).toHaveBeenCalledTimes(1);
  });

  it("forgets who the customer is on reset", () => {
    const { client, api } = made();
    client.memory.keep({ token: "t", conversation: "c" });
    api.reset();
    expect(client.memory.read().token).toBeNull();
  });
});
