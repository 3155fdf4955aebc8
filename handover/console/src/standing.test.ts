import { describe, expect, it } from "vitest";
import type { AgentPart } from "../../../bot/widget/src/shared/wire";
import type { AgentRow } from "./rest";
import { byReach, isThere, loadWords, matches, presenceWords } from "./standing";

const row = (name: string, part: Partial<AgentPart> = {}, more: Partial<AgentRow> = {}): AgentRow => ({
  agent: { id: name, name, role: "agent", availability: "online", capacity: 4, held: 0, skills: [], languages: [], teams: [], ...part },
  email: `${name}@example.com`,
  disabled: false,
  here: true,
  ...more,
});

describe("how somebody stands", () => {
  it("tells what they chose from whether a console is open", () => {
    expect(presenceWords(row("Jonas"))).toBe("Online");
    expect(presenceWords(row("Jonas", {}, { here: false }))).toBe("Online, but no console open");
    expect(presenceWords(row("Jonas", { availability: "offline" }, { here: false }))).toBe("Offline");
    expect(presenceWords(row("Jonas", {}, { disabled: true }))).toBe("Account closed");
    expect(isThere(row("Jonas", { availability: "offline" }))).toBe(false);
  });

  it("puts first who could take it soonest", () => {
    const rows = [row("Away", {}, { here: false }), row("Full", { held: 4 }), row("Busy", { availability: "busy" }), row("Free")];
    expect(byReach(rows).map(({ agent }) => agent.name)).toEqual(["Free", "Full", "Busy", "Away"]);
  });

  it("is found by name, skill, language and team, all words at once", () => {
    const jonas = row("Jonas Weber", { skills: ["payments"], languages: ["de"], teams: ["office"] });
    expect(matches(jonas, "jon PAY")).toBe(true);
    expect(matches(jonas, "jon safety")).toBe(false);
    expect(matches(jonas, "")).toBe(true);
  });

  it("names the load, and the capacity alone when nobody counted", () => {
    expect(loadWords({ held: 5, capacity: 8 })).toBe("5 of 8 slots");
    expect(loadWords({ capacity: 8 })).toBe("8 slots");
  });
});
