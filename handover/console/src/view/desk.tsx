// The desk: lists, the open conversation, and what the bot handed along; with the keys that move between them.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { listed, unanswered, type DeskState, type View } from "../desk_state";
import type { Tab } from "../drafts";
import { Conversation } from "./conversation";
import { shortcutsOf, useShortcuts } from "./desk_keys";
import { OpenDialog, type Dialog } from "./dialogs";
import { Lists } from "./lists";
import { useNotifications, useSound } from "./notifications";
import { PacketPanel } from "./packet_panel";
import { Top } from "./top";

export function Desk({ client, leave }: { client: DeskClient; leave: () => void }) {
  const desk = useObserved(client.desk);
  const current = useObserved(client.current);
  const [dialog, setDialog] = useState<Dialog>(null);
  const [side, setSide] = useState(() => innerWidth >= 1180);
  const row = current ? desk.rows.get(current) : undefined;
  const mine = row?.control === "human" && row.agent?.id === desk.me?.id;
  const [sound, setSound] = useSound();
  useNotifications(desk, sound);
  useKeptFocus();
  const { view, setView, tab, setTab } = useListAndTab(client, mine);
  useWholeList(client, view);
  useCountInTitle(desk);
  const shortcuts = shortcutsOf({ client, desk, current, row, mine, view, setView, tab, setTab, ask: setDialog, setSide });
  useShortcuts(shortcuts, setDialog);
  return (
    <div class={`desk${current ? " reading" : ""}${side ? " with-side" : ""}`}>
      <Top client={client} desk={desk} leave={leave} sound={sound} setSound={setSound} showKeys={() => setDialog("keys")} />
      <main>
        <Lists client={client} desk={desk} view={view} setView={setView} current={current} />
        <Conversation
          client={client}
          desk={desk}
          current={current}
          tab={tab}
          setTab={setTab}
          ask={setDialog}
          side={side}
          setSide={setSide}
        />
      </main>
      {side && current && <PacketPanel client={client} desk={desk} current={current} close={() => setSide(false)} />}
      <OpenDialog which={dialog} client={client} row={row} me={desk.me} shortcuts={shortcuts} close={() => setDialog(null)} />
      <Messages client={client} />
    </div>
  );
}

/** The shown list and the composer's tab, which follow a conversation that becomes the agent's own. */
function useListAndTab(client: DeskClient, mine: boolean) {
  const [view, setView] = useState<View>("offers");
  const [tab, setTab] = useState<Tab>("reply");
  useEffect(() => {
    if (!mine) return;
    setView("mine"); // what was accepted or taken over is found again where it now belongs
    if (client.wantsFocus) setTab("reply");
  }, [mine]);
  return { view, setView, tab, setTab };
}

/** Beyond the rows that the socket brought: the shown list as the service has it. */
function useWholeList(client: DeskClient, view: View): void {
  useEffect(() => {
    client.loadView(view).catch(() => undefined); // the socket's rows are shown meanwhile
  }, [view]);
}

/** "(2) Switchboard": how many customers wait for a person or for an answer. */
function useCountInTitle(desk: DeskState): void {
  useEffect(() => {
    const waiting = listed(desk, "offers").length + unanswered(desk);
    document.title = waiting ? `(${waiting}) Switchboard` : "Switchboard";
  }, [desk]);
}

/** When what had the focus is gone (a verb that was used, a card that was accepted), the conversation's name has it. */
function useKeptFocus(): void {
  const last = useRef<Element | null>(null);
  useEffect(() => {
    const note = (event: FocusEvent): void => void (last.current = event.target as Element);
    addEventListener("focusin", note);
    return () => removeEventListener("focusin", note);
  }, []);
  useLayoutEffect(() => {
    if (document.activeElement !== document.body || !last.current || last.current.isConnected) return;
    const next = document.querySelector<HTMLElement>("#whom") ?? document.querySelector<HTMLElement>(".lists nav [aria-current]");
    next?.focus();
  });
}

function Messages({ client }: { client: DeskClient }) {
  const messages = useObserved(client.messages);
  return (
    <div class="messages" role="alert">
      {messages.map((message) => (
        <div key={message.id} class={message.bad ? "message bad" : "message"}>
          <p>{message.text}</p>
          <button type="button" class="quiet small" onClick={() => client.dismiss(message.id)}>
            Dismiss
          </button>
        </div>
      ))}
    </div>
  );
}
