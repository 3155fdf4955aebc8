// The desk: lists, the open conversation, and what the bot handed along; with the keys that move between them.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { listed, unanswered, VIEWS, type View } from "../desk_state";
import type { Tab } from "../drafts";
import { asksForList, ran, type Shortcut } from "../shortcuts";
import { Conversation } from "./conversation";
import { HandBack, Keys, Snooze, Transfer } from "./dialogs";
import { Lists } from "./lists";
import { useNotifications, useSound } from "./notifications";
import { PacketPanel } from "./packet_panel";
import { Top } from "./top";

export type Dialog = "hand_back" | "snooze" | "transfer" | "keys" | null;

export function Desk({ client, leave }: { client: DeskClient; leave: () => void }) {
  const desk = useObserved(client.desk);
  const current = useObserved(client.current);
  const [view, setView] = useState<View>("offers");
  const [tab, setTab] = useState<Tab>("reply");
  const [dialog, setDialog] = useState<Dialog>(null);
  const [side, setSide] = useState(() => innerWidth >= 1180);
  const row = current ? desk.rows.get(current) : undefined;
  const mine = row?.control === "human" && row.agent?.id === desk.me?.id;
  const [sound, setSound] = useSound();
  useNotifications(desk, sound);
  useKeptFocus();
  useEffect(() => {
    if (!mine) return;
    setView("mine"); // what was accepted or taken over is found again where it now belongs
    if (client.wantsFocus) setTab("reply");
  }, [mine]);
  useEffect(() => {
    client.loadView(view).catch(() => undefined); // the socket's rows are shown meanwhile
  }, [view]);
  useEffect(() => {
    const waiting = listed(desk, "offers").length + unanswered(desk);
    document.title = waiting ? `(${waiting}) Switchboard` : "Switchboard";
  }, [desk]);

  const step = (by: number): void => {
    const rows = listed(desk, view);
    const at = rows.findIndex((each) => each.conversation === current);
    const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
    if (!next) return;
    client.wantsFocus = document.activeElement?.id === "composer";
    client.open(next.conversation);
  };
  const compose = (which: Tab): void => {
    if (which === tab) document.querySelector<HTMLTextAreaElement>("#composer")?.focus();
    else client.wantsFocus = true; // the other tab's field is not drawn yet
    setTab(which);
  };
  const shortcuts: Shortcut[] = [
    { code: "KeyJ", key: "J", does: "Next conversation", run: () => step(1) },
    { code: "KeyK", key: "K", does: "Previous conversation", run: () => step(-1) },
    { code: "KeyN", key: "N", does: "Next list", run: () => setView(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length]!) },
    { code: "KeyL", key: "L", does: "Write a reply", run: () => compose("reply") },
    { code: "KeyP", key: "P", does: "Write a private note", run: () => compose("note") },
    { code: "KeyT", key: "T", does: "Take over or accept", run: () => row && takeOver(client, row) },
    { code: "KeyB", key: "B", does: "Hand back to the bot", run: () => mine && setDialog("hand_back") },
    { code: "KeyE", key: "E", does: "Resolve", run: () => row && mine && client.send({ type: "resolve", conversation: row.conversation, epoch: row.epoch }) },
    { code: "KeyM", key: "M", does: "Snooze", run: () => mine && setDialog("snooze") },
    { code: "KeyG", key: "G", does: "Suggest a reply", run: () => mine && current && client.suggest(current) },
    { code: "KeyO", key: "O", does: "Show or hide the details", run: () => setSide((shown) => !shown) },
  ];
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      if (document.querySelector("dialog[open]")) return;
      if (!ran(event, shortcuts) && asksForList(event)) setDialog("keys");
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });
  const close = (): void => setDialog(null);
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
      {row && dialog === "hand_back" && <HandBack client={client} row={row} close={close} />}
      {row && dialog === "snooze" && <Snooze client={client} row={row} close={close} />}
      {row && dialog === "transfer" && <Transfer client={client} row={row} me={desk.me} close={close} />}
      {dialog === "keys" && <Keys shortcuts={shortcuts} close={close} />}
      <Messages client={client} />
    </div>
  );
}

export function takeOver(client: DeskClient, row: { conversation: string; epoch: number; control: string }): void {
  const { conversation, epoch } = row;
  client.open(conversation);
  client.wantsFocus = true; // the next thing an agent does is write
  client.send({ type: row.control === "offered" ? "accept" : "take", conversation, epoch });
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
