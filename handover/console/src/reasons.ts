// The typed reasons and states of the desk in an agent's words.
import type { ConversationFrame } from "../../../bot/widget/src/shared/wire";
import { channelName, channelOf } from "./channels";

const REASONS: Record<string, string> = {
  asked: "Asked for a person",
  misunderstood: "Not understood twice",
  repeated: "Same question again",
  anger: "Getting angry",
  topic: "A person's topic",
  no_knowledge: "Bot lacks knowledge",
  unsupported: "Answer without support",
  tool_failed: "A system failed",
  bot_stalled: "Bot took too long",
  bot_failed: "Bot failed",
  promised: "Bot promised a person",
  rule: "Passed on by rule",
  transferred: "Passed on by a colleague",
};

export function reasonWords(reason: string | null | undefined): string {
  if (!reason) return "Needs a person";
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

export function nameOf(row: ConversationFrame | undefined): string {
  const customer = row?.customer;
  return customer?.name || `Visitor ${(customer?.id ?? "").slice(-4)}`.trim();
}

/** One word for where a conversation is. */
export function stateOf(row: ConversationFrame, me: string | undefined): string {
  if (row.lifecycle === "resolved") return "Resolved";
  if (row.lifecycle === "snoozed") return "Snoozed";
  if (row.control === "human" && row.agent?.id === me) return "You have it";
  if (row.external) return `In the ${channelName(channelOf(row))} app`;
  return { bot: "With the bot", offered: "Waiting", human: row.agent?.name ?? "With a person", nobody: "Left a message" }[row.control];
}
