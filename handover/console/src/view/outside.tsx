// Somebody answers in the platform's own app: who speaks there, that the bot is silent, and the way to take over.
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { channelName, channelOf } from "../channels";
import type { DeskClient } from "../desk_client";
import { takeOver } from "../take_over";

export function Outside({ client, row }: { client: DeskClient; row: ConversationFrame | undefined }) {
  const { abilities } = useObserved(client.channels.state);
  if (!row?.external) return null;
  const channel = channelOf(row);
  return (
    <div class="outside">
      <p>Someone answers in the {channelName(channel, abilities.get(channel))} app. The bot is silent.</p>
      <button type="button" class="solid small" onClick={() => takeOver(client, row)}>
        Take over
      </button>
    </div>
  );
}
