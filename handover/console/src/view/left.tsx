// A countdown for the eyes with a moment of the day for the ears: nothing is read out again each second.
import { leftUntil } from "../lease";

interface LeftProps {
  at: string | null | undefined;
  now: number;
  /** Before the countdown: "answer in". */
  within: string;
  /** Before the moment: "Answer by". */
  by: string;
  /** Instead of both when the time is over; without it the countdown says how late it is. */
  over?: string;
}

export function TimeLeft({ at, now, within, by, over }: LeftProps) {
  const left = leftUntil(at, now);
  if (!left) return null;
  const seen = left.over ? (over ?? left.words) : `${within} ${left.words}`;
  return (
    <span class={`left${left.urgent ? " urgent" : ""}`}>
      <span aria-hidden="true">{seen}</span>
      <span class="unseen">
        {by} {left.clock}
      </span>
    </span>
  );
}
