// The open conversation: who has it, what may be done with it, the lines, and the composer.
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeskClient } from "../desk_client";
import type { DeskState, Opened } from "../desk_state";
import type { Tab } from "../drafts";
import { channelOf } from "../channels";
import { nameOf, stateOf } from "../reasons";
import { takeOver } from "../take_over";
import { ChannelMark } from "./channel_mark";
import { Composer } from "./composer";
import type { Dialog } from "./dialogs";
import { FirstReply } from "./first_reply";
import { Outside } from "./outside";
import { Thread } from "./thread";

interface ConversationProps {
  client: DeskClient;
  desk: DeskState;
  current: string | null;
  tab: Tab;
  setTab: (tab: Tab) => void;
  ask: (dialog: Dialog) => void;
  side: boolean;
  setSide: (shown: boolean) => void;
}

export function Conversation(props: ConversationProps) {
  const { client, desk, current, tab, setTab } = props;
  const row = current ? desk.rows.get(current) : undefined;
  const open = current ? desk.opened.get(current) : undefined;
  useObserved(client.texts);
  if (!current || !open) {
    return (
      <section class="conversation empty" aria-label="Open conversation">
        <div>
          <h2>No conversation open</h2>
          <p>
            Choose one at the left. <kbd>Alt</kbd> <kbd>J</kbd> opens the next, <kbd>?</kbd> lists all keys.
          </p>
        </div>
      </section>
    );
  }
  return (
    <section class="conversation" aria-label="Open conversation">
      <Head {...props} row={row} />
      <Thread
        key={current}
        client={client}
        open={open}
        conversation={current}
        customer={nameOf(row)}
        me={desk.me}
        mine={row?.control === "human" && row.agent?.id === desk.me?.id}
        web={channelOf(row) === "web"}
      />
      <Outside client={client} row={row} />
      <FirstReply row={row} me={desk.me?.id} />
      <Composer key={`${current}:${tab}`} client={client} desk={desk} row={row} conversation={current} tab={tab} setTab={setTab}>
        <Others client={client} desk={desk} open={open} />
      </Composer>
    </section>
  );
}

interface HeadProps extends ConversationProps {
  row: ConversationFrame | undefined;
}

function Head({ client, desk, row, ask, side, setSide }: HeadProps) {
  return (
    <header class="about">
      <button type="button" class="quiet small back" onClick={() => client.open(null)}>
        ‹ Lists
      </button>
      <div class="whom">
        <h2 dir="auto" id="whom" tabIndex={-1}>
          {nameOf(row)}
        </h2>
        <p>
          {row && <span class={`mark ${row.lifecycle === "active" ? row.control : row.lifecycle}`}>{stateOf(row, desk.me?.id)}</span>}
          {row && <ChannelMark client={client} row={row} whole />}
          {row?.customer.blocked && <span class="mark late">Nothing reaches them here</span>}
          {row?.customer.email && <span class="mail">{row.customer.email}</span>}
        </p>
      </div>
      {row && <Verbs client={client} desk={desk} row={row} ask={ask} />}
      {!side && (
        <button type="button" class="quiet small details" onClick={() => setSide(true)}>
          Details
        </button>
      )}
    </header>
  );
}

/** Colleagues who look at this conversation or write in it now. */
function Others({ client, desk, open }: { client: DeskClient; desk: DeskState; open: Opened }) {
  useObserved(client.people);
  const names = (ids: readonly string[] = []): string[] =>
    ids.filter((id) => id !== desk.me?.id).map((id) => client.nameOfAgent(id));
  const typing = names(open.presence?.typing);
  const viewing = names(open.presence?.viewing).filter((name) => !typing.includes(name));
  const words = [
    typing.length ? `${typing.join(", ")} ${typing.length > 1 ? "are" : "is"} writing` : "",
    viewing.length ? `${viewing.join(", ")} ${viewing.length > 1 ? "are" : "is"} looking too` : "",
  ].filter(Boolean);
  return (
    <span role="status" class="others">
      {words.join(" · ")}
    </span>
  );
}

function Verbs({ client, desk, row, ask }: { client: DeskClient; desk: DeskState; row: ConversationFrame; ask: (dialog: Dialog) => void }) {
  const { conversation, epoch } = row;
  const mine = row.control === "human" && row.agent?.id === desk.me?.id;
  if (mine) {
    return (
      <div class="verbs" key="mine">
        <button type="button" class="quiet small" onClick={() => ask("hand_back")}>
          Hand back
        </button>
        <button type="button" class="quiet small" onClick={() => ask("transfer")}>
          Transfer
        </button>
        <button type="button" class="quiet small" onClick={() => ask("snooze")}>
          Snooze
        </button>
        <button type="button" class="solid small" onClick={() => client.send({ type: "resolve", conversation, epoch })}>
          Resolve
        </button>
      </div>
    );
  }
  if (row.control === "human" || row.lifecycle === "resolved") return null;
  return (
    <div class="verbs" key={row.control}>
      {row.control !== "offered" && (
        <button type="button" class="quiet small" onClick={() => client.send({ type: "resolve", conversation, epoch })}>
          Resolve
        </button>
      )}
      <button type="button" class="solid small" onClick={() => takeOver(client, row)}>
        {row.control === "offered" ? "Accept" : "Take over"}
      </button>
    </div>
  );
}
