// A value that tells its watchers when it changes, and the hook with which a component watches it.
import { useEffect, useReducer } from "preact/hooks";

export class Observed<T> {
  private readonly watchers = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(next: T): void {
    if (next === this.current) return;
    this.current = next;
    for (const watcher of [...this.watchers]) watcher(next);
  }

  update(change: (value: T) => T): void {
    this.set(change(this.current));
  }

  /** Calls `watcher` on every change; returns the way to stop. */
  watch(watcher: (value: T) => void): () => void {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }
}

/** The present value; the component renders again when it changes. */
export function useObserved<T>(observed: Observed<T>): T {
  const [, again] = useReducer((n: number, _: void) => n + 1, 0);
  useEffect(() => {
    again();
    return observed.watch(() => again());
  }, [observed]);
  return observed.value;
}
