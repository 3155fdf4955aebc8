// Through which channel a conversation goes: picture and name on each list row, the inbox's name too where there is room.
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { channelName, channelOf } from "../channels";
import type { DeskClient } from "../desk_client";
import { leftWords, momentWords, windowOf } from "../window";
import { ChannelIcon } from "./channel_icons";

interface MarkProps {
  client: DeskClient;
  row: ConversationFrame;
  /** With the inbox's name, and "experimental" where it is. */
  whole?: boolean;
}

export function ChannelMark({ client, row, whole = false }: MarkProps) {
  const { abilities, inboxes } = useObserved(client.channels.state);
  const channel = channelOf(row);
  const ability = abilities.get(channel);
  const inbox = inboxes.get(row.inbox)?.name;
  const name = channelName(channel, ability);
  return (
    <>
      <span class="channel">
        <ChannelIcon channel={channel} />
        <span dir="auto">{whole && inbox && inbox !== name ? `${name} · ${inbox}` : name}</span>
      </span>
      {whole && ability?.experimental && <span class="mark experimental">experimental</span>}
    </>
  );
}

/** On a list row: only when the time in which the customer may be answered is short, or over. */
export function WindowMark({ client, row, now }: { client: DeskClient; row: ConversationFrame; now: number }) {
  const { abilities } = useObserved(client.channels.state);
  const window = windowOf(abilities.get(channelOf(row)), row.customer_at, now);
  if (row.lifecycle === "resolved" || (!window.near && window.state !== "closed")) return null;
  if (window.state === "closed") return <span class="mark late">Time to answer over</span>;
  return (
    <span class="left urgent">
      <span aria-hidden="true">{leftWords(window.until, now)} to answer</span>
      <span class="unseen">Can be answered until {momentWords(window.until, now)}</span>
    </span>
  );
}
