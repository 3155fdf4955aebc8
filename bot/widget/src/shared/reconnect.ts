// When to try a lost connection again, when to doubt one that has gone quiet, and when to trouble the reader with it.
// Pure; times in milliseconds.

export const QUIET_LIMIT = 25_000; // a heartbeat comes every twenty seconds; nothing for so long: ask who is there
export const ANSWER_LIMIT = 8_000; // no answer to that question: the connection is dead
export const UNTROUBLED = 5_000; // a connection that is back by then was never gone, as far as the reader can see

const AT_ONCE = 800;
const FIRST = 500;
const LONGEST = 30_000;

/** How long to wait before try number `attempt` (from 0). `random` in [0, 1) spreads a crowd of pages apart. */
export function delayBefore(attempt: number, random: number): number {
  if (attempt === 0) return Math.round(AT_ONCE * random);
  const whole = Math.min(LONGEST, FIRST * 2 ** Math.min(attempt, 10));
  return Math.round(whole / 2 + (whole / 2) * random);
}

export type Doubt = "fine" | "ask" | "dead";

/**
 * What a connection deserves that was last heard at `heard`, and asked at `asked` (null: not asked since). One that
 * was silent for as long as both limits is dead without being asked: this computer has slept meanwhile.
 */
export function doubt(now: number, heard: number, asked: number | null): Doubt {
  const silent = now - heard;
  if (silent >= QUIET_LIMIT + ANSWER_LIMIT) return "dead";
  if (asked !== null) return now - asked >= ANSWER_LIMIT ? "dead" : "fine";
  return silent >= QUIET_LIMIT ? "ask" : "fine";
}
