// Small pieces of language both pages need: times, counts and new ids.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** "14:05" today, "3 Nov, 14:05" before. */
export function timeOf(at: string, now = new Date()): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  return time.toDateString() === now.toDateString() ? clock.format(time) : dayAndClock.format(time);
}

/** "14:05". */
export function clockOf(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? "" : clock.format(time);
}

const sameYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const anyYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

/** "Today", "Yesterday", "Thursday, 19 November", "3 March 2024". */
export function dayOf(at: string, now = new Date()): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "";
  const midnight = (day: Date): number => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  const ago = Math.round((midnight(now) - midnight(time)) / 86_400_000);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  return (time.getFullYear() === now.getFullYear() ? sameYear : anyYear).format(time);
}

/** The day to write above a line: when it is another than the line's before; nothing above a talk of today. */
export function dayAbove(before: string | undefined, at: string, now = new Date()): string | null {
  const day = dayOf(at, now);
  if (before === undefined) return day === "Today" ? null : day;
  return dayOf(before, now) === day ? null : day;
}

/** How long something took, in the words of a queue: "just now", "4 min", "2 h 10 min", "3 days". */
export function spanOf(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** "1 message", "3 messages". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A new id for something this page sends; the service keeps the first of two with the same id. */
export function newId(): string {
  // randomUUID exists only on https and localhost; shops in development run on neither.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
