// The keys of the desk: what each does, and the listener that runs them.
import { useLayoutEffect, type Dispatch, type StateUpdater } from "preact/hooks";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeskClient } from "../desk_client";
import { listed, VIEWS, type DeskState, type View } from "../desk_state";
import type { Tab } from "../drafts";
import { asksForList, ran, type Shortcut } from "../shortcuts";
import { takeOver } from "../take_over";
import type { Dialog } from "./dialogs";

interface Keyed {
  client: DeskClient;
  desk: DeskState;
  current: string | null;
  row: ConversationFrame | undefined;
  mine: boolean;
  view: View;
  setView: (view: View) => void;
  tab: Tab;
  setTab: (tab: Tab) => void;
  ask: (dialog: Dialog) => void;
  setSide: Dispatch<StateUpdater<boolean>>;
}

export function shortcutsOf(keyed: Keyed): Shortcut[] {
  const { client, current, row, mine, view, setView, ask, setSide } = keyed;
  return [
    { code: "KeyJ", key: "J", does: "Next conversation", run: () => step(keyed, 1) },
    { code: "KeyK", key: "K", does: "Previous conversation", run: () => step(keyed, -1) },
    { code: "KeyN", key: "N", does: "Next list", run: () => setView(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length]!) },
    { code: "KeyL", key: "L", does: "Write a reply", run: () => compose(keyed, "reply") },
    { code: "KeyP", key: "P", does: "Write a private note", run: () => compose(keyed, "note") },
    { code: "KeyT", key: "T", does: "Take over or accept", run: () => row && takeOver(client, row) },
    { code: "KeyB", key: "B", does: "Hand back to the bot", run: () => mine && ask("hand_back") },
    { code: "KeyE", key: "E", does: "Resolve", run: () => row && (mine || openToAll(row)) && client.send({ type: "resolve", conversation: row.conversation, epoch: row.epoch }) },
    { code: "KeyM", key: "M", does: "Snooze", run: () => mine && ask("snooze") },
    { code: "KeyG", key: "G", does: "Suggest a reply", run: () => mine && current && client.suggest(current) },
    { code: "KeyO", key: "O", does: "Show or hide the details", run: () => setSide((shown) => !shown) },
  ];
}

/** With the bot or with nobody: any agent may close it. */
function openToAll(row: ConversationFrame): boolean {
  return row.lifecycle === "active" && (row.control === "bot" || row.control === "nobody");
}

function step({ client, desk, view, current }: Keyed, by: number): void {
  const rows = listed(desk, view);
  const at = rows.findIndex((each) => each.conversation === current);
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  const writes = client.wantsFocus || document.activeElement?.id === "composer";
  client.open(next.conversation);
  client.wantsFocus = writes;
}

function compose({ client, tab, setTab }: Keyed, which: Tab): void {
  if (which === tab) document.querySelector<HTMLTextAreaElement>("#composer")?.focus();
  else client.wantsFocus = true; // the other tab's field is not drawn yet
  setTab(which);
}

/** Runs the shortcuts wherever the focus is, except under an open dialog. */
export function useShortcuts(shortcuts: readonly Shortcut[], ask: (dialog: Dialog) => void): void {
  // Before the page is painted: a key must never act on the conversation that was shown a moment ago.
  useLayoutEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]")) return;
      if (!ran(event, shortcuts) && asksForList(event)) ask("keys");
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });
}
