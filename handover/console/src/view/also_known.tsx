// In the side panel: as what else this customer is known, the other conversations of the same person, and who joined them.
import { useEffect, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { timeOf } from "../../../../bot/widget/src/shared/words";
import { channelName } from "../channels";
import { AlsoKnownAs, customerName, otherConversations, standsAt, type Customer, type CustomerSeen, type OtherConversation } from "../contacts";
import type { DeskClient } from "../desk_client";
import type { DeskState } from "../desk_state";
import { ChannelIcon } from "./channel_icons";
import { JoinDialog, SplitDialog } from "./join_dialog";

interface AlsoKnownProps {
  client: DeskClient;
  desk: DeskState;
  row: ConversationFrame;
}

/** Keyed by the customer, so another customer begins anew. */
export function AlsoKnown({ client, desk, row }: AlsoKnownProps) {
  const [known] = useState(() => new AlsoKnownAs(row.customer.id));
  const { seen, problem } = useObserved(known.state);
  const [asks, setAsks] = useState<"join" | "split" | null>(null);
  const members = new Set(seen ? seen.members.map((one) => one.id) : [row.customer.id]);
  const begun = [...desk.rows.values()].filter((one) => members.has(one.customer.id)).length;
  // The rows say when a colleague joined or split them, a platform blocked them, or one of them began a conversation.
  useEffect(() => void known.refresh(), [row.customer.contact, row.customer.blocked, begun]);
  const close = (): void => setAsks(null);
  const joined = (seen?.members.length ?? 0) > 1;
  return (
    <section class="also-known" aria-labelledby="also-known">
      <h3 id="also-known">Also known as</h3>
      {problem && <p class="problem-line" role="alert">{problem}</p>}
      {seen && (
        <>
          <Identities seen={seen} client={client} />
          <Joined seen={seen} />
          <Others others={otherConversations(seen, desk.rows, row.conversation)} client={client} seen={seen} />
          <div class="deeds">
            <button type="button" class="quiet small" onClick={() => setAsks("join")}>
              Join with another customer…
            </button>
            {joined && (
              <button type="button" class="quiet small" onClick={() => setAsks("split")}>
                Split off…
              </button>
            )}
          </div>
          {asks === "join" && <JoinDialog client={client} known={known} seen={seen} close={close} />}
          {asks === "split" && joined && <SplitDialog known={known} seen={seen} close={close} />}
        </>
      )}
    </section>
  );
}

function Identities({ seen, client }: { seen: CustomerSeen; client: DeskClient }) {
  const alone = seen.members.length === 1;
  return (
    <ul class="identities">
      {seen.members.map((one) => (
        <li key={one.id}>
          {!alone && (
            <span class="member">
              <strong dir="auto">{customerName(one)}</strong>
              {one.id === seen.customer.id && <span class="by">writes here</span>}
            </span>
          )}
          <Ways one={one} client={client} />
        </li>
      ))}
    </ul>
  );
}

function Ways({ one, client }: { one: Customer; client: DeskClient }) {
  const { abilities, inboxes } = useObserved(client.channels.state);
  const silent = one.channels.filter((channel) => !one.identities.some((known) => known.channel === channel));
  return (
    <>
      {one.identities.map((known) => (
        <span class="way" key={`${known.inbox} ${known.external_id}`}>
          <ChannelIcon channel={known.channel} />
          <span>
            {channelName(known.channel, abilities.get(known.channel))}
            {inboxes.get(known.inbox) && <span class="by" dir="auto"> · {inboxes.get(known.inbox)!.name}</span>}
            <span class="ids" dir="auto">{[known.name, known.external_id, ...known.also].filter(Boolean).join(" · ")}</span>
            {known.blocked && <span class="mark late">Nothing reaches them here</span>}
          </span>
        </span>
      ))}
      {silent.map((channel) => (
        <span class="way" key={channel}>
          <ChannelIcon channel={channel} />
          <span>
            {channelName(channel, abilities.get(channel))}
            {one.email && <span class="ids" dir="auto">{one.email}</span>}
          </span>
        </span>
      ))}
      {!one.channels.length && <span class="way by">No conversation yet</span>}
    </>
  );
}

/** Who said that they are one person: agents judge by it how sure it is. */
function Joined({ seen }: { seen: CustomerSeen }) {
  const last = seen.deeds.find((deed) => deed.deed === "joined");
  if (seen.members.length < 2 || !last) return null;
  return (
    <p class="by">
      Joined by <span dir="auto">{last.agent}</span>, <time dateTime={last.at}>{timeOf(last.at)}</time>
    </p>
  );
}

function Others({ others, seen, client }: { others: OtherConversation[]; seen: CustomerSeen; client: DeskClient }) {
  const { abilities } = useObserved(client.channels.state);
  if (!others.length) return null;
  const names = new Map(seen.members.map((one) => [one.id, customerName(one)]));
  return (
    <>
      <h4 id="other-conversations">Other conversations</h4>
      <ul class="others-list" aria-labelledby="other-conversations">
        {others.map((one) => (
          <li key={one.conversation}>
            <button type="button" class="row" onClick={() => client.visit(one.conversation)}>
              <span class="first">
                <span class="channel">
                  <ChannelIcon channel={one.channel} />
                  <span>{channelName(one.channel, abilities.get(one.channel))}</span>
                </span>
                <time dateTime={one.at}>{timeOf(one.last_entry?.at ?? one.at)}</time>
              </span>
              <span class="last" dir="auto">{one.last_entry?.text ?? "No words yet"}</span>
              <span class="marks">
                <span class={`mark ${one.lifecycle === "active" ? one.control : one.lifecycle}`}>{standsAt(one)}</span>
                {one.customer !== seen.customer.id && <span dir="auto">{names.get(one.customer)}</span>}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
