// Reads each new message out once, when it is whole: a live region beside the log, never token by token.
import { useEffect, useRef, useState } from "preact/hooks";
import { lastOffset } from "../shared/ordered_log";
import type { Talk } from "../talk";
import { BUSY, speakerOf } from "./line";

const KEPT = 3; // spoken lines stay this long in the region; screen readers read additions only

interface Spoken {
  offset: number;
  text: string;
}

export function Announcer({ talk }: { talk: Talk }) {
  const [spoken, speak] = useState<readonly Spoken[]>([]);
  const done = useRef(0);
  useEffect(() => {
    const from = Math.max(done.current, talk.announceAfter);
    const fresh = talk.log.entries.filter((entry) => entry.offset > from && entry.author.kind !== "customer");
    done.current = Math.max(lastOffset(talk.log), 0);
    if (!fresh.length) return;
    const lines = fresh.map((entry) => ({
      offset: entry.offset,
      text: entry.kind === "notice" ? entry.text : `${speakerOf(entry)}: ${entry.text}`,
    }));
    speak((before) => [...before, ...lines].slice(-KEPT));
  }, [talk.log]);
  const busy = talk.unsent.some((one) => one.busy && !one.refused);
  return (
    <div class="unseen" aria-live="polite" aria-relevant="additions" data-part="announcer">
      {spoken.map((line) => (
        <p key={line.offset}>{line.text}</p>
      ))}
      {busy && <p key="busy">{BUSY}</p>}
    </div>
  );
}
