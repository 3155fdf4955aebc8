// Keyboard shortcuts: Alt and a physical key, so that they work on every layout; "?" lists them.

export interface Shortcut {
  code: string; // KeyboardEvent.code
  key: string; // what is written on it, for the list
  does: string;
  run: () => void;
}

/** Runs the shortcut an event stands for; true when there was one. */
export function ran(event: KeyboardEvent, shortcuts: readonly Shortcut[]): boolean {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return false;
  const found = shortcuts.find((one) => one.code === event.code);
  if (!found) return false;
  event.preventDefault();
  found.run();
  return true;
}

/** "?" typed outside a field asks for the list. */
export function asksForList(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  const typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  return event.key === "?" && !typing && !event.altKey && !event.ctrlKey && !event.metaKey;
}
