// How long the customer may still be written to: a platform's windows, counted from the customer's newest message. Pure.
import { spanOf, timeOf } from "../../../bot/widget/src/shared/words";
import type { Ability } from "./channels";

const HOUR = 3_600_000;

export interface Window {
  /** none: no limit here; unknown: nothing of the customer's to count from; people: only a person may write now. */
  state: "none" | "unknown" | "open" | "people" | "closed";
  /** When what is allowed now ends; what is over ended then. */
  until: number;
  /** Less than an hour is left. */
  near: boolean;
}

type Limits = Pick<Ability, "window_seconds" | "human_window_seconds">;

export function windowOf(limits: Limits | undefined, customerAt: string | null | undefined, now: number): Window {
  if (!limits?.window_seconds) return { state: "none", until: Infinity, near: false };
  const from = Date.parse(customerAt ?? "");
  if (Number.isNaN(from)) return { state: "unknown", until: Infinity, near: false };
  const end = from + limits.window_seconds * 1000;
  const peoplesEnd = Math.max(end, from + (limits.human_window_seconds ?? 0) * 1000);
  const state = now < end ? "open" : now < peoplesEnd ? "people" : "closed";
  const until = state === "open" ? end : peoplesEnd;
  return { state, until, near: state !== "closed" && until - now < HOUR };
}

/** "3 h 12 min left", "less than a minute left". */
export function leftWords(until: number, now: number): string {
  const left = spanOf(until - now);
  return left === "just now" ? "less than a minute left" : `${left} left`;
}

/** "14:32" today, "22 Nov, 14:32" another day. */
export function momentWords(until: number, now: number): string {
  return timeOf(new Date(until).toISOString(), new Date(now));
}

/** What the composer says of it; null where there is nothing to say. `left` is for the eyes: it changes by itself. */
export function windowWords(window: Window, now: number): { says: string; left: string } | null {
  const until = window.state === "none" || window.state === "unknown" ? "" : momentWords(window.until, now);
  switch (window.state) {
    case "none":
      return null;
    case "unknown":
      return { says: "The customer has not written here yet: what is sent may be refused.", left: "" };
    case "open":
      return { says: `You can answer until ${until}`, left: leftWords(window.until, now) };
    case "people":
      return { says: `Only people may write now, until ${until}`, left: leftWords(window.until, now) };
    case "closed":
      return { says: `Nothing can be sent since ${until}`, left: "" };
  }
}

/** Why the composer is closed, and what opens it again. */
export function closedWords(name: string, limits: Limits, templates: boolean): string {
  const seconds = limits.human_window_seconds ?? limits.window_seconds ?? 0;
  const span = seconds >= 172_800 ? `${Math.round(seconds / 86_400)} days` : `${Math.round(seconds / 3_600)} hours`;
  const again = templates ? "Send a template, or wait until the customer writes again." : "It opens again when the customer writes.";
  return `${name} takes answers for ${span} after the customer's last message, and that time is over. ${again}`;
}
