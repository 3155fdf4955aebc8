// Looking again: a clock that ticks for the screen, and a question asked again while somebody looks at its answer.
import { useEffect, useState } from "preact/hooks";

/** The time in milliseconds, anew each second. */
export function useSeconds(): number {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Asks at once, then again every `seconds`, and when the page comes back into sight; never while it is hidden. */
export function useAskedAgain(ask: () => void, seconds: number): void {
  useEffect(() => {
    const look = (): void => void (document.visibilityState === "visible" && ask());
    ask();
    const timer = setInterval(look, seconds * 1_000);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
}
