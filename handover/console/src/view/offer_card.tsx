// An offer as a card that can be accepted where it stands: who, why, by when, and what it asks of whoever takes it.
import { count, spanOf } from "../../../../bot/widget/src/shared/words";
import type { ConversationFrame, OfferFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeskClient } from "../desk_client";
import { languageName } from "../lease";
import { nameOf, reasonWords } from "../reasons";
import { takeOver } from "../take_over";
import { ChannelMark, WindowMark } from "./channel_mark";
import { TimeLeft } from "./left";

interface OfferProps {
  client: DeskClient;
  row: ConversationFrame;
  offer: OfferFrame;
  now: number;
  open: boolean;
  me: string | undefined;
}

export function OfferCard({ client, row, offer, now, open, me }: OfferProps) {
  const rings = Math.max(0, Math.ceil((Date.parse(offer.expires_at) - now) / 1000));
  const waited = spanOf(now - Date.parse(row.waiting_since ?? row.changed_at));
  const name = nameOf(row);
  return (
    <article class={`offer${open ? " open" : ""}${offer.overdue ? " overdue" : ""}`} aria-label={`Offer: ${name}`}>
      <button type="button" class="row" onClick={() => client.open(row.conversation)}>
        <span class="first">
          <strong dir="auto">{name}</strong>
          <span class="waited">{waited === "just now" ? "new" : `waits ${waited}`}</span>
        </span>
        <span class="reason">{reasonWords(offer.packet.reason ?? row.reason)}</span>
        <span class="last" dir="auto">
          {offer.packet.goal ?? row.last_entry?.text}
        </span>
        <span class="marks">
          <ChannelMark client={client} row={row} />
          <WindowMark client={client} row={row} now={now} />
        </span>
      </button>
      <Asks offer={offer} now={now} mine={offer.to !== null && offer.to !== undefined && offer.to === me} />
      <div class="answers">
        <button type="button" class="solid small" onClick={() => takeOver(client, { ...row, epoch: offer.epoch, control: "offered" })}>
          Accept
        </button>
        <button type="button" class="quiet small" onClick={() => client.send({ type: "decline", conversation: row.conversation })}>
          Decline
        </button>
        <span class="lease" aria-hidden="true">
          {offer.overdue ? "Overdue" : rings ? `rings ${rings} s` : "Lease over"}
        </span>
      </div>
    </article>
  );
}

/** By when somebody should answer, and what the matcher went by; only what is out of the ordinary is marked. */
function Asks({ offer, now, mine }: { offer: OfferFrame; now: number; mine: boolean }) {
  const needs = offer.needs ?? [];
  return (
    <p class="asks">
      <TimeLeft at={offer.deadline} now={now} within="answer in" by="Answer by" />
      {offer.escalated && <span class="mark late">Leads asked too</span>}
      {!offer.escalated && (offer.round ?? 1) > 1 && <span class="mark">Round {offer.round}</span>}
      {mine && <span class="mark human">Passed to you</span>}
      {offer.team && (
        <span>
          Team <b dir="auto">{offer.team}</b>
        </span>
      )}
      {needs.length > 0 && (
        <span>
          Needs <b dir="auto">{needs.join(", ")}</b>
        </span>
      )}
      {offer.language && <span dir="auto">{languageName(offer.language)}</span>}
      {offer.weight > 1 && <span>{count(offer.weight, "slot")}</span>}
    </p>
  );
}
