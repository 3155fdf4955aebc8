// When to try a lost connection again, and when to doubt one that has gone quiet. Pure; times in milliseconds.

export const QUIET_LIMIT = 25_000; // nothing heard for so long: ask whether anybody is there
export const ANSWER_LIMIT = 8_000; // no answer to that question: the connection is dead

const FIRST = 500;
const LONGEST = 30_000;

/** How long to wait before try number `attempt` (from 0). `random` in [0, 1) spreads a crowd of pages apart. */
export function delayBefore(attempt: number, random: number): number {
  const whole = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
  return Math.round(whole / 2 + (whole / 2) * random);
}

export type Doubt = "fine" | "ask" | "dead";

/** What a connection deserves that was last heard at `heard`, and asked at `asked` (null: not asked since). */
export function doubt(now: number, heard: number, asked: number | null): Doubt {
  if (asked !== null) return now - asked >= ANSWER_LIMIT ? "dead" : "fine";
  return now - heard >= QUIET_LIMIT ? "ask" : "fine";
}
