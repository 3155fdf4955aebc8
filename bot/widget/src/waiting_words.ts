// What the wait is called: the range that is left, the next opening, and what of it is worth reading out. Pure.
import type { WaitingPart } from "./shared/wire";
import { spanOf } from "./shared/words";

const MINUTE = 60_000;
const HARDLY = 60_000; // a place that changes again within this long is not read out, unless it is the first

const shownAt = new WeakMap<WaitingPart, number>();

/** When this page first had `waiting`: a range is counted from then, for the clocks of two machines differ. */
export function since(waiting: WaitingPart, now: number): number {
  const known = shownAt.get(waiting);
  if (known === undefined) shownAt.set(waiting, now);
  return known ?? now;
}

/** "about 2 to 5 minutes"; null without a range; "" when the time that was named is over. */
export function rangeLeft(waiting: WaitingPart, now: number): string | null {
  if (waiting.wait_low == null || waiting.wait_high == null) return null;
  const passed = now - since(waiting, now);
  if (passed >= waiting.wait_high * 1000) return "";
  // It runs down in the steps it is made of: "about 20 to 40" is followed by "about 15 to 35", not by "about 19 to 40".
  const step = waiting.wait_high >= 900 ? 5 * MINUTE : MINUTE;
  const gone = Math.floor(passed / step) * step;
  const low = Math.max(0, waiting.wait_low * 1000 - gone);
  const high = waiting.wait_high * 1000 - gone;
  const least = Math.floor(low / MINUTE);
  const most = Math.ceil(high / MINUTE);
  if (most > 90) return `about ${least < 1 ? "a minute" : spanOf(low)} to ${spanOf(most * MINUTE)}`;
  if (most === 1) return "less than a minute";
  if (least === 0) return `up to ${most} minutes`;
  return least === most ? `about ${most} minutes` : `about ${least} to ${most} minutes`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en", { weekday: "long" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

/** "today at 09:00", "on Monday at 09:00" in the customer's own time; null when it is none, or over. */
export function openingOf(at: string | null | undefined, now: number): string | null {
  const time = new Date(at ?? "");
  if (Number.isNaN(time.getTime()) || time.getTime() <= now) return null;
  const today = new Date(now);
  const midnight = (of: Date): number => new Date(of.getFullYear(), of.getMonth(), of.getDate()).getTime();
  const ahead = Math.round((midnight(time) - midnight(today)) / 86_400_000);
  const name = ahead === 0 ? "today" : ahead === 1 ? "tomorrow" : `on ${ahead < 7 ? weekday.format(time) : day.format(time)}`;
  return `${name} at ${clock.format(time)}`;
}

/** The wait in sentences: the first is the news, the second what it means. */
export function waitingWords(waiting: WaitingPart | null, now: number): [news: string, more: string] {
  if (waiting && !waiting.desk_open) {
    const opens = openingOf(waiting.opens_at, now);
    return opens ? ["The desk is closed right now.", `We are back ${opens}.`] : ["Nobody is at the desk right now.", ""];
  }
  const place = waiting?.position ? `You are number ${waiting.position} in line.` : "You are in line.";
  const left = waiting ? rangeLeft(waiting, now) : null;
  if (left === "") return [place, "It takes longer than we thought. You keep your place."];
  if (left) return [place, `It will probably take ${left}.`];
  const waited = waiting ? now - Date.parse(waiting.since) : 0;
  return [place, waited >= MINUTE ? `You have waited ${spanOf(waited)} so far.` : ""];
}

/** What was read out last, and when. */
export interface ReadOut {
  desk: boolean;
  place: number | null;
  over: boolean;
  at: number;
}

/** Is there news to read out: the desk opened or closed, the place moved, the time is over. Never the minutes alone. */
export function worthReading(waiting: WaitingPart, before: ReadOut | null, now: number): ReadOut | null {
  const state = { desk: waiting.desk_open, place: waiting.position ?? null, over: rangeLeft(waiting, now) === "", at: now };
  if (!before || state.desk !== before.desk || (state.over && !before.over)) return state;
  if (!state.desk || state.place === before.place) return null;
  return state.place === 1 || now - before.at >= HARDLY ? state : null;
}
