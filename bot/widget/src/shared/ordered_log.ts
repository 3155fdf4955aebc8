// The lines of one conversation in the order of their offsets: each once, and never past a gap.
import type { EntryFrame } from "./wire";

export interface OrderedLog {
  readonly entries: readonly EntryFrame[];
  /** Lines that came early: they wait here until the ones before them have come. */
  readonly early: ReadonlyMap<number, EntryFrame>;
}

export const emptyLog: OrderedLog = { entries: [], early: new Map() };

/** The offset of the last line that may be shown; 0 before the first. */
export function lastOffset(log: OrderedLog): number {
  return log.entries.at(-1)?.offset ?? 0;
}

/** Lines are missing between what is shown and what has come: ask for them. */
export function hasGap(log: OrderedLog): boolean {
  return log.early.size > 0;
}

/** The log with `entry` in it. A line seen before changes nothing; one that came early waits. */
export function withEntry(log: OrderedLog, entry: EntryFrame): OrderedLog {
  const last = lastOffset(log);
  if (entry.offset <= last || log.early.has(entry.offset)) return log;
  const early = new Map(log.early).set(entry.offset, entry);
  const entries = [...log.entries];
  let next = last + 1;
  for (let found = early.get(next); found; found = early.get(next)) {
    entries.push(found);
    early.delete(next);
    next += 1;
  }
  return { entries, early };
}

export function withEntries(log: OrderedLog, entries: readonly EntryFrame[]): OrderedLog {
  return entries.reduce(withEntry, log);
}
