// The desk: lists, the open conversation, and what the bot handed along; with the keys that move between them.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { listed, unanswered, type DeskState, type View } from "../desk_state";
import type { Tab } from "../drafts";
import { followPlace, type Place } from "../place";
import type { Shortcut } from "../shortcuts";
import { UndeliveredLines } from "../undelivered";
import { Conversation } from "./conversation";
import { shortcutsOf, useShortcuts } from "./desk_keys";
import { OpenDialog, type Dialog } from "./dialogs";
import { InboxesPage } from "./inboxes_page";
import { Lists } from "./lists";
import { useNotifications, useSound } from "./notifications";
import { PacketPanel } from "./packet_panel";
import { Places } from "./places";
import { TeamPage } from "./team_page";
import { useAskedAgain } from "./ticking";
import { Top } from "./top";
import { UndeliveredPage } from "./undelivered_page";
import { WaitsPage } from "./waits_page";

const COUNTED_AGAIN = 120; // seconds; the page itself asks more often
const CHANNELS_AGAIN = 60; // seconds; an inbox may be paused meanwhile

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
  useOwnLoad(client, desk);
  useAskedAgain(() => void client.channels.refresh(), CHANNELS_AGAIN);
  const { place, lines } = usePlaces();
  const atDesk = place === "desk";
  const shortcuts = shortcutsOf({ client, desk, current, row, mine, view, setView, tab, setTab, ask: setDialog, setSide });
  useShortcuts(atDesk ? shortcuts : NONE, setDialog);
  return (
    <div class={`desk${atDesk ? "" : " paged"}${current ? " reading" : ""}${side ? " with-side" : ""}`}>
      <Top client={client} desk={desk} leave={leave} sound={sound} setSound={setSound} showKeys={() => setDialog("keys")}>
        <Places place={place} role={desk.me?.role} offers={listed(desk, "offers").length} dead={lines.dead} />
      </Top>
      {atDesk ? (
        <>
          <main>
            <Lists client={client} desk={desk} view={view} setView={setView} current={current} />
            <Conversation {...{ client, desk, current, tab, setTab, side, setSide }} ask={setDialog} />
          </main>
          {side && current && <PacketPanel client={client} desk={desk} current={current} close={() => setSide(false)} />}
        </>
      ) : (
        <Page place={place} client={client} lines={lines} />
      )}
      <OpenDialog which={dialog} client={client} row={row} me={desk.me} shortcuts={shortcuts} close={() => setDialog(null)} />
      <Messages client={client} />
    </div>
  );
}

const NONE: readonly Shortcut[] = [];

function Page({ place, client, lines }: { place: Place; client: DeskClient; lines: UndeliveredLines }) {
  if (place === "team") return <TeamPage client={client} />;
  if (place === "inboxes") return <InboxesPage client={client} />;
  return place === "waits" ? <WaitsPage /> : <UndeliveredPage client={client} lines={lines} />;
}

/** The page the address names, and what is not delivered: its count stands in the bar on every page. */
function usePlaces() {
  const [followed] = useState(followPlace);
  const [lines] = useState(() => new UndeliveredLines());
  useEffect(() => followed.stop, []);
  useObserved(lines.state);
  useAskedAgain(() => void lines.refresh(), COUNTED_AGAIN);
  return { place: useObserved(followed.place), lines };
}

/** What I hold changes with the conversations I have; the service counts the slots. */
function useOwnLoad(client: DeskClient, desk: DeskState): void {
  const held = listed(desk, "mine").filter((row) => row.lifecycle === "active");
  const names = held.map((row) => row.conversation).sort().join();
  useEffect(() => void client.meet().catch(() => undefined), [names]);
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
    const heading = document.querySelector<HTMLElement>("#whom, main.page h2");
    const next = heading ?? document.querySelector<HTMLElement>(".lists nav [aria-current]");
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
