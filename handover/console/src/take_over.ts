// Taking a conversation, whoever has it now: an offer is accepted, any other is taken.
import type { DeskClient } from "./desk_client";

export function takeOver(client: DeskClient, row: { conversation: string; epoch: number; control: string }): void {
  const { conversation, epoch } = row;
  client.open(conversation);
  client.wantsFocus = true; // the next thing an agent does is write
  client.send({ type: row.control === "offered" ? "accept" : "take", conversation, epoch });
}
