// What the desk refused, in words that say what to do next.
import { count } from "../../../bot/widget/src/shared/words";
import type { ErrorFrame } from "../../../bot/widget/src/shared/wire";

export interface Refusal {
  text: string;
  bad: boolean; // something the agent wished did not happen
  stays: boolean; // until it is dismissed: the agent may have been away when it came
}

export function refusalOf(error: ErrorFrame): Refusal {
  return { text: wordsOf(error) + again(error), bad: error.code !== "reply_late", stays: error.code === "reply_late" };
}

function again({ retry_after }: ErrorFrame): string {
  return retry_after ? ` Try again in ${Math.ceil(retry_after)} s.` : "";
}

function wordsOf(error: ErrorFrame): string {
  const { code, message } = error;
  const detail = error.detail ?? {};
  if (code === "taken" && detail.taken_by) return `${String(detail.taken_by)} was faster and has this conversation. You can read along.`;
  if (code === "not_yours" && detail.held_by) return `${String(detail.held_by)} has this conversation now. Nothing was changed.`;
  if (code === "illegal_move" && typeof detail.capacity === "number") return noRoom(detail);
  if (code === "illegal_move" && typeof detail.epoch === "number") {
    return "This conversation has moved on meanwhile, so nothing was done. What you see now is how it stands.";
  }
  if (code === "unavailable") return `${message} Nothing was changed.${error.retry_after ? "" : " Try again in a moment."}`;
  return message;
}

function noRoom({ held, capacity, weight }: Record<string, unknown>): string {
  const takes = typeof weight === "number" ? `it takes ${count(weight, "slot")}, and ` : "";
  return `You have no room for this one: ${takes}you hold ${String(held)} of ${String(capacity)}. Resolve, snooze or hand back another first.`;
}
