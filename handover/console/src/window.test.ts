import { describe, expect, it } from "vitest";
import { timeOf } from "../../../bot/widget/src/shared/words";
import { closedWords, leftWords, momentWords, windowOf, windowWords } from "./window";

const HOUR = 3_600_000;
const wrote = "2026-11-21T10:00:00Z";
const at = (hours: number): number => Date.parse(wrote) + hours * HOUR;
const messenger = { window_seconds: 86_400, human_window_seconds: 604_800 };
const whatsapp = { window_seconds: 86_400, human_window_seconds: null };

describe("the time in which a customer may be written to", () => {
  it("has no end on a channel without windows, or whose abilities are not known", () => {
    expect(windowOf({ window_seconds: null, human_window_seconds: null }, wrote, at(900)).state).toBe("none");
    expect(windowOf(undefined, wrote, at(900)).state).toBe("none");
  });

  it("is unknown while the customer has written nothing", () => {
    expect(windowOf(whatsapp, null, at(0)).state).toBe("unknown");
  });

  it.each([
    [0, "open", false],
    [22.9, "open", false],
    [23.1, "open", true],
    [24, "people", false],
    [167.5, "people", true],
    [168, "closed", false],
  ] as const)("on Messenger, %d hours after their words, is %s, near its end: %s", (hours, state, near) => {
    const window = windowOf(messenger, wrote, at(hours));
    expect([window.state, window.near]).toEqual([state, near]);
  });

  it("ends for people when it ends for all, where there is no window of theirs", () => {
    expect(windowOf(whatsapp, wrote, at(24)).state).toBe("closed");
    expect(windowOf(whatsapp, wrote, at(23)).until).toBe(at(24));
  });

  it("is told by the clock and by what is left", () => {
    const now = at(20) + 48 * 60_000;
    const words = windowWords(windowOf(whatsapp, wrote, now), now);
    const end = timeOf(new Date(at(24)).toISOString(), new Date(now));
    expect(words).toEqual({ says: `You can answer until ${end}`, left: "3 h 12 min left" });
    expect(leftWords(at(24), at(24) - 20_000)).toBe("less than a minute left");
    expect(windowWords(windowOf(messenger, wrote, at(30)), at(30))?.says).toMatch(/^Only people may write now, until /);
    expect(windowWords(windowOf(undefined, wrote, at(30)), at(30))).toBeNull();
    expect(windowWords(windowOf(whatsapp, undefined, at(30)), at(30))?.says).toContain("has not written here yet");
  });

  it("names the day when it ends on another one", () => {
    expect(momentWords(at(24), at(0))).not.toBe(momentWords(at(24), at(23.9)));
  });

  it("says why it is closed, and what opens it again", () => {
    expect(closedWords("WhatsApp", whatsapp, true)).toBe(
      "WhatsApp takes answers for 24 hours after the customer's last message, and that time is over. Send a template, or wait until the customer writes again.",
    );
    expect(closedWords("Messenger", messenger, false)).toContain("for 7 days after");
    expect(closedWords("Messenger", messenger, false)).toContain("It opens again when the customer writes.");
  });
});
