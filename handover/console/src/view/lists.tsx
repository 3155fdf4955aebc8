// The lists at the left, each with its live count; offers as cards that can be accepted where they stand.
import { useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import { spanOf, timeOf } from "../../../../bot/widget/src/shared/words";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeskClient } from "../desk_client";
import { belongs, listed, VIEWS, type DeskState, type View } from "../desk_state";
import { channelName, channelOf } from "../channels";
import { nameOf, stateOf } from "../reasons";
import { ChannelMark, WindowMark } from "./channel_mark";
import { TimeLeft } from "./left";
import { OfferCard } from "./offer_card";
import { useSeconds } from "./ticking";

const NAMES: Record<View, string> = {
  offers: "Offers",
  mine: "Mine",
  bot: "With the bot",
  waiting: "Waiting",
  resolved: "Resolved",
};
const EMPTY: Record<View, string> = {
  offers: "Nobody needs a person right now. An offer appears here the moment somebody does.",
  mine: "You have no conversations. Accept an offer, or take one over from the bot.",
  bot: "The bot is talking to nobody.",
  waiting: "Nobody is waiting.",
  resolved: "Nothing has been resolved yet.",
};

const SNAPSHOT = 100;

interface ListsProps {
  client: DeskClient;
  desk: DeskState;
  view: View;
  setView: (view: View) => void;
  current: string | null;
}

export function Lists({ client, desk, view, setView, current }: ListsProps) {
  const now = useSeconds();
  const rows = listed(desk, view);
  const more = useObserved(client.more);
  return (
    <section class="lists" aria-label="Conversations">
      <Views desk={desk} view={view} setView={setView} more={more} />
      {desk.link === "connecting" && !desk.rows.size ? (
        <p class="none" role="status">
          Loading conversations…
        </p>
      ) : rows.length === 0 ? (
        <p class="none">{EMPTY[view]}</p>
      ) : (
        <ul class="rows">
          {rows.map((row) => (
            <li key={row.conversation}>
              {view === "offers" ? (
                <OfferCard client={client} row={row} offer={desk.offers.get(row.conversation)!} now={now} open={row.conversation === current} me={desk.me?.id} />
              ) : (
                <Row client={client} row={row} now={now} open={row.conversation === current} me={desk.me?.id} />
              )}
            </li>
          ))}
          {more.get(view) && (
            <li>
              <Older key={view} load={() => client.loadView(view, Math.min(...rows.map((row) => row.feed)))} />
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

interface ViewsProps {
  desk: DeskState;
  view: View;
  setView: (view: View) => void;
  more: ReadonlyMap<View, boolean>;
}

function Views({ desk, view, setView, more }: ViewsProps) {
  const sizes = VIEWS.map((each) => [...desk.rows.values()].filter((row) => belongs(desk, row, each)).length);
  // The first snapshot is cut at a hundred rows a list: from there the number is only what is known.
  const open = (each: View, size: number): boolean => more.get(each) ?? size >= SNAPSHOT;
  return (
    <nav aria-label="Lists">
      {VIEWS.map((each, i) => (
        <button
          type="button"
          aria-current={each === view ? "true" : undefined}
          class={each === "offers" && sizes[i] ? "calls" : ""}
          onClick={() => setView(each)}
        >
          {NAMES[each]}{" "}
          <b>
            {sizes[i]}
            {open(each, sizes[i]!) && "+"}
          </b>
        </button>
      ))}
    </nav>
  );
}

function Older({ load }: { load: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const ask = (): void => {
    setBusy(true);
    load().then(
      () => setBusy(false),
      () => setBusy(false), // the button stays: trying again is the way out
    );
  };
  // Not `disabled`: that would take the focus from whoever has just pressed it with a key.
  return (
    <button type="button" class="quiet small older" aria-disabled={busy} onClick={() => busy || ask()}>
      {busy ? "Loading…" : "Show older"}
    </button>
  );
}

function LastWords({ row }: { row: ConversationFrame }) {
  const last = row.last_entry;
  if (!last) return <span class="last">No words yet</span>;
  const outside = `${channelName(channelOf(row))} app: `;
  const who = { customer: "", bot: "Bot: ", agent: row.external ? outside : "You: ", system: "" }[last.author];
  return (
    <span class="last" dir="auto">
      {who}
      {last.text}
    </span>
  );
}

interface RowProps {
  client: DeskClient;
  row: ConversationFrame;
  now: number;
  open: boolean;
  me: string | undefined;
}

function Row({ client, row, now, open, me }: RowProps) {
  const waited = row.waiting_since ? now - Date.parse(row.waiting_since) : null;
  return (
    <button type="button" class="row" aria-current={open ? "true" : undefined} onClick={() => client.open(row.conversation)}>
      <span class="first">
        <strong dir="auto">{nameOf(row)}</strong>
        <time dateTime={row.changed_at}>{timeOf(row.last_entry?.at ?? row.changed_at)}</time>
      </span>
      <LastWords row={row} />
      <span class="marks">
        <span class={`mark ${row.lifecycle === "active" ? row.control : row.lifecycle}`}>{stateOf(row, me)}</span>
        <ChannelMark client={client} row={row} />
        {waited !== null && <span>waits {spanOf(waited)}</span>}
        <WindowMark client={client} row={row} now={now} />
        {row.agent?.id === me && row.lifecycle === "active" && (
          <TimeLeft at={row.reply_due} now={now} within="reply in" by="Reply by" />
        )}
        <Wanted row={row} />
        {row.control === "nobody" && row.customer.email && row.lifecycle !== "resolved" && <span class="mail">{row.customer.email}</span>}
        {row.rating && <span>Rated {row.rating} of 5</span>}
      </span>
    </button>
  );
}

/** What a conversation asks of whoever takes it, while it is still to be taken. */
function Wanted({ row }: { row: ConversationFrame }) {
  if (row.control !== "offered") return null;
  const asks = [row.team ? `team ${row.team}` : "", row.needs?.length ? `needs ${row.needs.join(", ")}` : ""].filter(Boolean);
  return asks.length ? <span dir="auto">{asks.join(" · ")}</span> : null;
}
