// In the composer: until when the customer may be written to, whether anything is sent at all, and in how many messages.
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { ClockIcon } from "../../../../bot/widget/src/view/icons";
import { channelName, channelOf, type Ability } from "../channels";
import type { DeskClient } from "../desk_client";
import { lengthWords } from "../lengths";
import { closedWords, windowOf, windowWords } from "../window";
import { useSeconds } from "./ticking";

export interface Reach {
  ability: Ability | undefined;
  /** Why nothing can be sent by now; null while something can. */
  closed: string | null;
  paused: string | null;
}

/** What can be sent in a conversation now; it changes with the clock. */
export function useReach(client: DeskClient, row: ConversationFrame | undefined): Reach {
  const { abilities, inboxes } = useObserved(client.channels.state);
  const now = useSeconds();
  const ability = row && abilities.get(channelOf(row));
  const over = row !== undefined && ability !== undefined && windowOf(ability, row.customer_at, now).state === "closed";
  return {
    ability,
    closed: over ? closedWords(channelName(ability.name, ability), ability, ability.templates) : null,
    paused: (row && inboxes.get(row.inbox)?.paused_why) ?? null,
  };
}

export function ReachLine({ reach, row }: { reach: Reach; row: ConversationFrame | undefined }) {
  const now = useSeconds();
  const window = windowOf(reach.ability, row?.customer_at, now);
  const words = row && row.lifecycle !== "resolved" && window.state !== "closed" ? windowWords(window, now) : null;
  return (
    <>
      {reach.paused && (
        <p class="reach late" dir="auto">
          Nothing is sent through this inbox now: {reach.paused} What you write waits.
        </p>
      )}
      {words && (
        <p class={`reach${window.near ? " near" : ""}${window.state === "people" ? " people" : ""}`}>
          <ClockIcon size={15} />
          <span>
            {words.says}
            {words.left && <span aria-hidden="true"> ({words.left})</span>}
          </span>
        </p>
      )}
    </>
  );
}

/** The counter when the text comes near what one message holds; that it becomes several is also said aloud. */
export function LengthLine({ text, ability }: { text: string; ability: Ability | undefined }) {
  const words = lengthWords(text, ability);
  return (
    <p class="length" id="length">
      {words && <span>{words.counter}</span>} <span role="status">{words?.split ?? ""}</span>
    </p>
  );
}
