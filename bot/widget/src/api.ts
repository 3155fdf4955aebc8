// window.Switchboard: what a shop's own page may ask of the widget. Calls made before it loads wait and are replayed.
import type { Client } from "./client";
import type { Observed } from "./shared/observed";
import { unreadCount, type Talk } from "./talk";

export const EVENTS = [
  "ready",
  "open",
  "close",
  "message",
  "unread",
  "handover-requested",
  "agent-joined",
  "agent-left",
  "bot-resumed",
  "resolved",
] as const;
export type EventName = (typeof EVENTS)[number];
type Listener = (detail: unknown) => void;
type QueuedCall = [method: string, ...args: unknown[]];

export interface SwitchboardApi {
  /** Opens the panel; `draft` is put into the composer, never sent, and never over words already there. */
  open(draft?: string): void;
  close(): void;
  toggle(): void;
  on(event: EventName, listener: Listener): () => void;
  reset(): void;
  /** `Switchboard.push(["open"])` works before and after the script has loaded. */
  push(...calls: QueuedCall[]): void;
}

export function makeApi(client: Client, open: Observed<boolean>): SwitchboardApi {
  const listeners = new Map<EventName, Set<Listener>>();
  const tell = (event: EventName, detail: unknown): void => listeners.get(event)?.forEach((listener) => listener(detail));
  const api: SwitchboardApi = {
    open: (draft) => {
      if (typeof draft === "string" && !client.draft.value) client.draft.set(draft);
      open.set(true);
    },
    close: () => open.set(false),
    toggle: () => open.set(!open.value),
    reset: () => {
      open.set(false);
      client.reset();
    },
    on(event, listener) {
      if (!EVENTS.includes(event)) throw new TypeError(`Switchboard has no event "${event}". It has: ${EVENTS.join(", ")}.`);
      if (typeof listener !== "function") throw new TypeError("Switchboard.on needs a function to call.");
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener));
      return () => void set.delete(listener);
    },
    push(...calls) {
      for (const [method, ...args] of calls) {
        const call = method === "push" ? undefined : (api as unknown as Record<string, unknown>)[method];
        if (typeof call !== "function") throw new TypeError(`Switchboard has no method "${method}".`);
        (call as (...values: unknown[]) => unknown)(...args);
      }
    },
  };
  open.watch((isOpen) => tell(isOpen ? "open" : "close", null));
  let before = client.talk.value;
  client.talk.watch((now) => {
    tellChanges(before, now, tell);
    before = now;
  });
  return api;
}

function tellChanges(before: Talk, now: Talk, tell: (event: EventName, detail: unknown) => void): void {
  if (!before.assistant && now.assistant) tell("ready", { conversation: now.conversation });
  for (const entry of now.log.entries.slice(before.log.entries.length)) {
    if (entry.offset > now.announceAfter) tell("message", { offset: entry.offset, author: entry.author, text: entry.text });
  }
  const unread = unreadCount(now);
  if (unread !== unreadCount(before)) tell("unread", { count: unread });
  if (!before.assistant || before.conversation !== now.conversation) return;
  if (now.lifecycle === "resolved" && before.lifecycle !== "resolved") tell("resolved", null);
  if (now.control === before.control) return;
  if (now.control === "offered") tell("handover-requested", { position: now.waiting?.position ?? null });
  if (before.control === "human") tell("agent-left", { name: before.agent });
  if (now.control === "human") tell("agent-joined", { name: now.agent });
  if (now.control === "bot") tell("bot-resumed", null);
}
