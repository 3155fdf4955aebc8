// Time that is left, in words: for the eyes a countdown, for the ears a moment of the day that does not change.
import { clockOf, spanOf } from "../../../bot/widget/src/shared/words";

const NEAR = 30_000; // from here on it is urgent
const BY_SECONDS = 10 * 60_000; // above, minutes are enough

export interface Left {
  /** "1:45", "12 min", "late by 3 min". */
  words: string;
  /** "14:05", for those who are read to. */
  clock: string;
  urgent: boolean;
  over: boolean;
}

/** What is left until `at`; null for no moment at all. */
export function leftUntil(at: string | null | undefined, now: number): Left | null {
  const end = Date.parse(at ?? "");
  if (Number.isNaN(end)) return null;
  const left = end - now;
  const late = spanOf(-left);
  return {
    words: left > 0 ? spanLeft(left) : late === "just now" ? "due now" : `late by ${late}`,
    clock: clockOf(at!),
    urgent: left <= NEAR,
    over: left <= 0,
  };
}

function spanLeft(left: number): string {
  if (left > BY_SECONDS) return spanOf(left);
  const seconds = Math.ceil(left / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

const names = new Intl.DisplayNames(undefined, { type: "language", fallback: "code" });

/** "German" for "de"; what is no code of a language stays as it is. */
export function languageName(code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

/** "payments, safety" from "payments,  safety ,": each once, in the order typed. */
export function listIn(text: string): string[] {
  return [...new Set(text.split(/[,\n]/).map((part) => part.trim()).filter(Boolean))];
}

/** "45 s", "3 min 20 s", "2 h 5 min": a length as a report writes it. */
export function lengthOf(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
  const minutes = Math.round(whole / 60);
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}
