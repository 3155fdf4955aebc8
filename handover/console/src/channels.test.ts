import { describe, expect, it } from "vitest";
import { ChannelBook, channelName, channelOf, type Ability } from "./channels";

const whatsapp: Ability = {
  name: "whatsapp", title: "WhatsApp", limit: 4096, unit: "characters", window_seconds: 86_400, human_window_seconds: null, templates: true, experimental: false,
};

describe("a conversation's channel", () => {
  it("is told by its row, else by its inbox", () => {
    expect(channelOf({ inbox: "whatsapp.4f2a9c01", channel: "whatsapp" })).toBe("whatsapp");
    expect(channelOf({ inbox: "telegram.4f2a9c01" })).toBe("telegram");
    expect(channelOf(undefined)).toBe("web");
  });

  it("has the name people know, the title of a new one, or its id", () => {
    expect(channelName("web")).toBe("Website");
    expect(channelName("sms", { ...whatsapp, title: "Text messages" })).toBe("Text messages");
    expect(channelName("sms")).toBe("sms");
  });
});

describe("what channels can do", () => {
  it("is known once the service was asked, and stays when it cannot be asked again", async () => {
    let refuses = false;
    const answer = async <T>(found: T): Promise<T> => (refuses ? Promise.reject(new Error("away")) : found);
    const book = new ChannelBook({
      channels: () => answer([whatsapp]),
      inboxes: () => answer([{ id: "whatsapp.4f2a9c01", channel: "whatsapp", name: "Orders" }]),
    });
    expect(book.ability("whatsapp")).toBeUndefined();
    await book.refresh();
    expect([book.ability("whatsapp")?.limit, book.inbox("whatsapp.4f2a9c01")?.name]).toEqual([4096, "Orders"]);
    refuses = true;
    await book.refresh();
    expect(book.ability("whatsapp")).toEqual(whatsapp);
  });
});
