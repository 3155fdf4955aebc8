// What is known of a line beside its words, from `entry_mark` frames: which one stands, and how it is said. Pure.
import { clockOf } from "../../../bot/widget/src/shared/words";
import type { OrderedLog } from "../../../bot/widget/src/shared/ordered_log";
import type { EntryFrame } from "../../../bot/widget/src/shared/wire";
import type { DeliveryState, EntryMarkFrame, MediaPart } from "../../../bot/widget/src/shared/wire_marks";

export type Marks = ReadonlyMap<number, EntryMarkFrame>;

/** A mark is a whole state: the one with the highest version stands, whichever came last. */
export function withMark(marks: Marks, mark: EntryMarkFrame): Marks {
  const known = marks.get(mark.offset);
  return known && known.version >= mark.version ? marks : new Map(marks).set(mark.offset, mark);
}

/** The log in the words that stand now: what was changed or taken back is nowhere kept as it was. */
export function reworded(log: OrderedLog, marks: Marks): OrderedLog {
  const now = (entry: EntryFrame): EntryFrame => asItStands(entry, marks.get(entry.offset));
  const entries = log.entries.map(now);
  const early = [...log.early].map(([offset, entry]): [number, EntryFrame] => [offset, now(entry)]);
  const same = entries.every((entry, i) => entry === log.entries[i]) && early.every(([offset, entry]) => entry === log.early.get(offset));
  return same ? log : { entries, early: new Map(early) };
}

function asItStands(entry: EntryFrame, mark: EntryMarkFrame | undefined): EntryFrame {
  const text = mark?.deleted ? "" : mark?.text;
  const html = mark?.deleted ? null : (mark?.html ?? null);
  if (text === null || text === undefined || (entry.text === text && (entry.html ?? null) === html)) return entry;
  return { ...entry, text, html, ...(text ? {} : { buttons: [], citations: [] }) };
}

export const DELIVERY: Record<DeliveryState, string> = {
  queued: "On its way",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not delivered",
  unknown: "It may have arrived",
};

/** "sent at 14:02, arrived later", "edited at 14:05"; what a line says of itself beside its time. */
export function asides(mark: EntryMarkFrame | undefined): string[] {
  if (!mark) return [];
  const late = mark.late ? (mark.sent_at ? `sent at ${clockOf(mark.sent_at)}, arrived later` : "arrived late") : "";
  const edited = mark.edited_at && !mark.deleted ? `edited at ${clockOf(mark.edited_at)}` : "";
  return [late, edited].filter(Boolean);
}

/** Each emoji once, with all who chose it: people by their names, and "us". */
export function reactionsOf(mark: EntryMarkFrame | undefined): { emoji: string; who: string[] }[] {
  const found = new Map<string, string[]>();
  for (const [who, emoji] of mark?.reactions ?? []) {
    found.set(emoji, [...(found.get(emoji) ?? []), who]);
  }
  return [...found].map(([emoji, who]) => ({ emoji, who }));
}

// As bot/channels/customer_words.py writes them into a line.
const SHOWN: Record<string, string> = { image: "picture", video: "video", audio: "voice message", file: "file", sticker: "sticker" };

/** "picture", "voice message": what a file is called when it cannot be shown. */
export function mediaName(part: MediaPart): string {
  return SHOWN[part.kind] ?? "attachment";
}

/** The words of a line without the "[picture]" at its end that the files shown under it stand for. */
export function wordsBeside(text: string, media: readonly MediaPart[]): string {
  let words = text;
  for (const part of [...media].reverse()) {
    const stood = new RegExp(`\\s*\\[${mediaName(part)}(?:: [^\\]]*)?\\]$`).exec(words);
    if (!stood) break;
    words = words.slice(0, stood.index);
  }
  return words;
}

const PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp"]; // what the service shows in place: handover/media_api.py

export function shownAs({ media_type, state }: MediaPart): "words" | "picture" | "video" | "audio" | "file" {
  if (state !== "here") return "words";
  if (media_type && PICTURES.includes(media_type)) return "picture";
  if (media_type?.startsWith("video/")) return "video";
  return media_type?.startsWith("audio/") ? "audio" : "file";
}

/** "12 kB", "3.4 MB"; "" when nobody knows. */
export function sizeWords(bytes: number | null | undefined): string {
  if (!bytes) return "";
  if (bytes < 1_000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Why a file is not shown. */
export function absentWords(part: MediaPart): string {
  const name = mediaName(part);
  const why = part.why ? ` ${part.why}` : "";
  if (part.state === "waiting") return `The ${name} is being fetched…`;
  if (part.state === "refused") return `The ${name} is not shown.${why}`;
  return `The ${name} could not be fetched.${why}`;
}
