// Above the composer: until when the customer must hear the first words of whoever accepted, or others are asked.
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { leftUntil } from "../lease";
import { useSeconds } from "./ticking";

export function FirstReply({ row, me }: { row: ConversationFrame | undefined; me: string | undefined }) {
  const due = row?.control === "human" && row.lifecycle === "active" && row.agent?.id === me ? row.reply_due : null;
  return due ? <Countdown due={due} /> : null;
}

function Countdown({ due }: { due: string }) {
  const left = leftUntil(due, useSeconds());
  if (!left) return null;
  const seen = left.over ? "Time is up: it goes to a colleague." : `Reply within ${left.words}, or it goes to a colleague.`;
  return (
    <p class={`first-reply${left.urgent ? " urgent" : ""}`}>
      <span aria-hidden="true">{seen}</span>
      <span class="unseen">Reply by {left.clock}, or it goes to a colleague.</span>
    </p>
  );
}
