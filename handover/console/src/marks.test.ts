import { describe, expect, it } from "vitest";
import type { EntryFrame } from "../../../bot/widget/src/shared/wire";
import { emptyLog, withEntries } from "../../../bot/widget/src/shared/ordered_log";
import type { EntryMarkFrame, MediaPart } from "../../../bot/widget/src/shared/wire_marks";
import { absentWords, asides, reactionsOf, reworded, shownAs, sizeWords, withMark, wordsBeside } from "./marks";

const mark = (version: number, more: Partial<EntryMarkFrame> = {}): EntryMarkFrame => ({
  type: "entry_mark", conversation: "c", offset: 1, version, ...more,
});
const entry = (offset: number, text: string): EntryFrame => ({
  type: "entry", offset, author: { kind: "customer", name: "Mara" }, kind: "message", text, at: "2026-11-21T10:00:00Z",
});
const file = (more: Partial<MediaPart>): MediaPart => ({ id: "m", kind: "image", state: "here", ...more });

describe("the marks of a line", () => {
  it("are whole states: the highest version stands, whichever came last", () => {
    const marks = [mark(2, { delivery: "read" }), mark(1, { delivery: "sent" })].reduce(withMark, new Map());
    expect(marks.get(1)?.delivery).toBe("read");
    expect(withMark(marks, mark(2))).toBe(marks);
  });

  it("change the words, and leave nothing of what was taken back", () => {
    const log = withEntries(emptyLog, [entry(1, "Hello"), entry(2, "my card is 4111"), entry(4, "early")]);
    const marks = new Map([
      [1, mark(1, { text: "Hello there", edited_at: "2026-11-21T10:01:00Z" })],
      [2, mark(1, { offset: 2, deleted: true, text: null })],
      [4, mark(1, { offset: 4, deleted: true })],
    ]);
    const now = reworded(log, marks);
    expect(now.entries.map((one) => one.text)).toEqual(["Hello there", ""]);
    expect(now.early.get(4)?.text).toBe("");
    expect(reworded(now, marks)).toBe(now);
  });

  it("say when a line was edited, and that it came late", () => {
    expect(asides(mark(1, { edited_at: "2026-11-21T10:01:00Z" }))[0]).toMatch(/^edited at \d/);
    expect(asides(mark(1, { late: true, sent_at: "2026-11-21T10:01:00Z" }))[0]).toMatch(/^sent at .+, arrived later$/);
    expect(asides(mark(1, { late: true }))).toEqual(["arrived late"]);
    expect(asides(mark(1, { deleted: true, edited_at: "2026-11-21T10:01:00Z" }))).toEqual([]);
    expect(asides(undefined)).toEqual([]);
  });

  it("gather who chose which reaction", () => {
    const reactions: [string, string][] = [["Mara", "👍"], ["us", "👍"], ["Wren", "❤"]];
    expect(reactionsOf(mark(1, { reactions }))).toEqual([
      { emoji: "👍", who: ["Mara", "us"] },
      { emoji: "❤", who: ["Wren"] },
    ]);
  });
});

describe("the files of a line", () => {
  it("take the place of the words that stood for them, and of no others", () => {
    const media = [file({}), file({ kind: "file", name: "bill.pdf" })];
    expect(wordsBeside("Look [picture] [file: bill.pdf]", media)).toBe("Look");
    expect(wordsBeside("[picture]", [file({})])).toBe("");
    expect(wordsBeside("I wrote [picture] myself", [file({})])).toBe("I wrote [picture] myself");
    expect(wordsBeside("Here [location: 52.37,4.89]", [])).toBe("Here [location: 52.37,4.89]");
  });

  it.each([
    ["image/png", "picture"],
    ["image/svg+xml", "file"],
    ["video/mp4", "video"],
    ["audio/ogg", "audio"],
    ["application/pdf", "file"],
    [null, "file"],
  ])("of the type %s are shown as %s", (media_type, shown) => {
    expect(shownAs(file({ media_type }))).toBe(shown);
    expect(shownAs(file({ media_type, state: "waiting" }))).toBe("words");
  });

  it("that are not here say so", () => {
    expect(absentWords(file({ state: "waiting" }))).toBe("The picture is being fetched…");
    expect(absentWords(file({ kind: "audio", state: "failed", why: "No answer." }))).toBe("The voice message could not be fetched. No answer.");
    expect(absentWords(file({ kind: "odd", state: "refused", why: "Too large." }))).toBe("The attachment is not shown. Too large.");
  });

  it("have a size in words", () => {
    expect([null, 0, 512, 48_211, 3_400_000].map(sizeWords)).toEqual(["", "", "512 bytes", "48 kB", "3.4 MB"]);
  });
});
