import { describe, expect, it } from "vitest";
import type { ConversationFrame } from "../../../bot/widget/src/shared/wire";
import {
  AlsoKnownAs,
  customerName,
  CustomerSearch,
  identifiers,
  joinWords,
  otherConversations,
  splitWords,
  standsAt,
  type Customer,
  type CustomerSeen,
} from "./contacts";

const telegram = { inbox: "telegram.1", channel: "telegram", external_id: "4711", name: "lena_b", blocked: false, also: ["US.1"] };
const one = (id: string, more: Partial<Customer> = {}): Customer => ({ id, identities: [], channels: ["web"], ...more });
const lena = one("k-lena", { name: "Lena Brandt", identities: [telegram], channels: ["telegram"] });
const wren = one("k-wren", { name: "Wren Calloway", email: "wren@example.com" });
const theo = one("k-theo", { name: "Theo Okafor" });
const alone: CustomerSeen = { customer: wren, members: [wren], conversations: [], deeds: [] };
const joined = (...others: Customer[]): CustomerSeen => ({ ...alone, members: [wren, ...others] });
const there = (conversation: string, at = "2026-11-21T10:00:00Z"): CustomerSeen["conversations"][number] => ({
  conversation, customer: "k-lena", inbox: "telegram.1", channel: "telegram", lifecycle: "active", control: "bot", at,
});

/** Answers that come when the test says so. */
class Later<T> {
  readonly waiting: { asked: string; answer: (told: T) => void; fail: (error: Error) => void }[] = [];
  ask = (asked: string): Promise<T> => new Promise((answer, fail) => this.waiting.push({ asked, answer, fail }));
}

describe("what a customer is called", () => {
  it("is their name, a platform's, their address, or the end of their id", () => {
    expect([lena, one("k", { identities: [telegram] }), one("k", { email: "a@b.c" }), one("abcdef")].map(customerName)).toEqual([
      "Lena Brandt", "lena_b", "a@b.c", "Visitor cdef",
    ]);
  });
  it("is told apart by every id a platform has, each once", () => {
    expect(identifiers(lena)).toBe("lena_b · 4711 · US.1");
    expect(identifiers({ ...lena, name: "lena_b", email: "4711" })).toBe("4711 · US.1");
    expect(identifiers(theo)).toBe("");
  });
});

describe("the other conversations", () => {
  it("leave out the one that is open, and stand as the lists know them when that is newer", () => {
    const seen = { ...joined(lena), conversations: [there("a"), there("b"), there("c")] };
    const row = { lifecycle: "resolved", control: "nobody", changed_at: "2026-11-21T10:00:00.500000Z" } as ConversationFrame;
    const old = { ...row, changed_at: "2026-11-21T09:00:00Z" };
    const shown = otherConversations(seen, new Map([["b", row], ["c", old]]), "a");
    expect(shown.map((each) => [each.conversation, standsAt(each)])).toEqual([["b", "Resolved"], ["c", "With the bot"]]);
  });
});

describe("what will happen", () => {
  it("is said before customers are joined, with those who come along", () => {
    expect(joinWords(alone, lena)[0]).toBe("Wren Calloway and Lena Brandt will be shown as one person.");
    expect(joinWords(alone, { ...lena, contact: "x" })[0]).toContain("joined with already");
    expect(joinWords(joined(theo), lena)[0]).toContain("joined with already");
  });
  it("is said before one is split off, with those who stay", () => {
    expect(splitWords(joined(lena))[0]).toBe("Wren Calloway will no longer be shown as one person with Lena Brandt.");
    expect(splitWords(joined(lena, theo))[0]).toContain("Lena Brandt and Theo Okafor stay joined.");
  });
});

describe("a contact", () => {
  const calls = (customer: (id: string) => Promise<CustomerSeen>, deed: () => Promise<CustomerSeen> = () => Promise.resolve(joined(lena))) => ({
    customer, joinCustomers: deed, splitCustomer: deed,
  });

  it("shows the newest answer, and keeps it when the service is silent", async () => {
    const later = new Later<CustomerSeen>();
    const known = new AlsoKnownAs("k-wren", calls(later.ask));
    const both = [known.refresh(), known.refresh()];
    later.waiting[1]!.answer(joined(lena));
    later.waiting[0]!.answer(alone);
    await Promise.all(both);
    expect(known.state.value.seen).toEqual(joined(lena));
    const third = known.refresh();
    later.waiting[2]!.fail(new Error("away"));
    await third;
    expect(known.state.value).toEqual({ seen: joined(lena), problem: null });
  });
  it("says why it cannot be shown", async () => {
    const known = new AlsoKnownAs("k-wren", calls(() => Promise.reject(new Error("away"))));
    await known.refresh();
    expect(known.state.value).toEqual({ seen: null, problem: "away" });
  });
  it("is what a deed left, and an older question does not undo that", async () => {
    const later = new Later<CustomerSeen>();
    const known = new AlsoKnownAs("k-wren", calls(later.ask));
    const asked = known.refresh();
    expect(await known.join("k-lena")).toBeNull();
    later.waiting[0]!.answer(alone);
    await asked;
    expect(known.state.value.seen).toEqual(joined(lena));
  });
  it("is asked for again when a deed is refused", async () => {
    const known = new AlsoKnownAs("k-wren", calls(() => Promise.resolve(joined(theo)), () => Promise.reject(new Error("joined already"))));
    expect(await known.split()).toBe("joined already");
    expect(known.state.value.seen).toEqual(joined(theo));
  });
});

describe("looking for a customer", () => {
  it("shows what the newest words found, without those who are joined", async () => {
    const later = new Later<Customer[]>();
    const search = new CustomerSearch(new Set(["k-wren"]), later.ask);
    const both = [search.look("l"), search.look(" le ")];
    later.waiting[1]!.answer([wren, lena]);
    later.waiting[0]!.answer([theo]);
    await Promise.all(both);
    expect(later.waiting.map((each) => each.asked)).toEqual(["l", "le"]);
    expect(search.state.value).toEqual({ query: "le", found: [lena], problem: null });
  });
  it("asks nothing without words, and says what went wrong", async () => {
    const later = new Later<Customer[]>();
    const search = new CustomerSearch(new Set(), later.ask);
    await search.look("  ");
    expect(later.waiting).toEqual([]);
    const asked = search.look("x");
    later.waiting[0]!.fail(new Error("away"));
    await asked;
    expect(search.state.value).toEqual({ query: "x", found: null, problem: "away" });
  });
});
