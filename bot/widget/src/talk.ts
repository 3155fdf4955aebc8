// What the widget knows of its conversation, and how each frame changes it. Pure: no socket, no page, no storage.
import type { LinkState } from "./shared/link";
import { emptyLog, lastOffset, withEntry, type OrderedLog } from "./shared/ordered_log";
import type {
  AssistantPart,
  AuthorPart,
  Control,
  ControlFrame,
  CustomerReceives,
  CustomerSends,
  CustomerWelcome,
  EntryFrame,
  ErrorFrame,
  Lifecycle,
  WaitingPart,
} from "./shared/wire";

/** Something the customer did that the service has not confirmed yet. It is sent again after every reconnect. */
export interface Unsent {
  frame: Extract<CustomerSends, { client_id: string }>;
  at: number;
  refused: string | null; // the service's words, when it said no
  busy?: boolean; // too many write at once; it is tried again by itself
}

/** A stretch that ended and may be rated. */
export interface Ended {
  stretch: number;
  by: string;
}

export interface Problem {
  text: string;
  retryAfter: number | null; // seconds
}

export interface Talk {
  link: LinkState;
  conversation: string | null;
  token: string | null;
  assistant: AssistantPart | null;
  control: Control;
  lifecycle: Lifecycle;
  epoch: number;
  agent: string | null;
  waiting: WaitingPart | null;
  log: OrderedLog;
  announceAfter: number; // lines up to here are history and are not read out
  writing: { turn: string; text: string } | null;
  dropped: string | null; // a turn that was overtaken while it was written: its later pieces begin in mid-sentence
  joinedLate: boolean; // came in the middle of a reply: its pieces would begin in mid-sentence
  typing: AuthorPart | null;
  unsent: readonly Unsent[];
  problem: Problem | null;
  ended: Ended | null;
  rated: readonly number[];
  seen: number;
}

export const blankTalk: Talk = {
  link: "closed",
  conversation: null,
  token: null,
  assistant: null,
  control: "bot",
  lifecycle: "active",
  epoch: 0,
  agent: null,
  waiting: null,
  log: emptyLog,
  announceAfter: 0,
  writing: null,
  dropped: null,
  joinedLate: false,
  typing: null,
  unsent: [],
  problem: null,
  ended: null,
  rated: [],
  seen: 0,
};

export function withFrame(talk: Talk, frame: CustomerReceives): Talk {
  switch (frame.type) {
    case "welcome":
      return welcomed(talk, frame);
    case "entry":
      return heard(talk, frame);
    case "delta":
      return written(talk, frame.turn, frame.text);
    case "typing":
      if (frame.author.kind === "customer") return talk; // another tab of the same person
      return { ...talk, typing: frame.on === false ? null : frame.author };
    case "control":
      return controlled(talk, frame);
    case "heartbeat":
      return talk;
    case "error":
      return refused(talk, frame);
  }
}

function welcomed(talk: Talk, frame: CustomerWelcome): Talk {
  const same = talk.conversation === frame.conversation;
  const log = same ? talk.log : emptyLog;
  const first = !same || talk.assistant === null;
  const ratedHere = same ? talk.rated : [];
  const ratedElsewhere = (frame.rated ?? []).filter((stretch) => !ratedHere.includes(stretch));
  const moved = same && frame.control !== talk.control;
  return {
    ...talk,
    conversation: frame.conversation,
    token: frame.token,
    assistant: frame.assistant,
    control: frame.control,
    lifecycle: frame.lifecycle,
    epoch: frame.epoch,
    agent: frame.agent ?? null,
    waiting: frame.control === "offered" ? talk.waiting : null,
    log,
    announceAfter: first ? frame.offset : talk.announceAfter,
    writing: null,
    joinedLate: frame.control === "bot" && (first || moved || log.entries.at(-1)?.author.kind === "customer"),
    typing: null,
    problem: null,
    unsent: stillUnsettled(talk.unsent, frame.control),
    // The thanks for a score that was given here stand until they are closed, whatever the line does.
    ended: stillToRate(first && !same ? null : talk.ended, ratedElsewhere),
    rated: [...ratedHere, ...ratedElsewhere],
    seen: Math.max(same ? talk.seen : 0, frame.seen ?? 0),
  };
}

function stillToRate(ended: Ended | null, rated: readonly number[]): Ended | null {
  return ended && rated.includes(ended.stretch) ? null : ended;
}

function heard(talk: Talk, entry: EntryFrame): Talk {
  const log = withEntry(talk.log, entry);
  if (log === talk.log) return { ...talk, unsent: withoutSent(talk.unsent, entry.client_id) };
  const theirs = entry.author.kind !== "customer";
  const shown = lastOffset(log) >= entry.offset;
  return {
    ...talk,
    log,
    unsent: withoutSent(talk.unsent, entry.client_id),
    ...(shown ? unwritten(talk) : {}),
    joinedLate: entry.offset <= talk.announceAfter || entry.author.kind === "system" ? talk.joinedLate : false,
    typing: theirs ? null : talk.typing,
    // Somebody who writes on has moved past the question how it was.
    ended: entry.author.kind === "customer" ? null : talk.ended,
  };
}

function botOf(talk: Talk): AuthorPart {
  return { kind: "bot", name: talk.assistant?.name ?? "Assistant" };
}

function written(talk: Talk, turn: string, text: string): Talk {
  if (talk.joinedLate) {
    return talk.typing ? talk : { ...talk, typing: botOf(talk) };
  }
  if (talk.dropped === turn) return talk; // the newest turn writes next
  const before = talk.writing?.turn === turn ? talk.writing.text : "";
  return { ...talk, typing: null, writing: { turn, text: before + text } };
}

/** What was being written is over: it stands in the record now, or it was overtaken. */
function unwritten(talk: Talk): Pick<Talk, "writing" | "dropped"> {
  return { writing: null, dropped: talk.writing?.turn ?? talk.dropped };
}

function controlled(talk: Talk, frame: ControlFrame): Talk {
  if (frame.epoch < talk.epoch) return talk; // an older change that was overtaken
  const changed = frame.control !== talk.control || frame.epoch !== talk.epoch;
  const lifecycle = frame.lifecycle ?? "active";
  return {
    ...talk,
    control: frame.control,
    lifecycle,
    epoch: frame.epoch,
    agent: frame.agent ?? null,
    waiting: frame.control === "offered" ? (frame.waiting ?? talk.waiting) : null,
    ...(changed ? unwritten(talk) : {}),
    typing: changed ? null : talk.typing,
    unsent: stillUnsettled(talk.unsent, frame.control),
    ended: endedBy(talk, frame.control, lifecycle),
  };
}

function stillUnsettled(unsent: readonly Unsent[], control: Control): readonly Unsent[] {
  const kept = unsent.filter(({ frame: sent }) => !settledBy(sent.type, control));
  return kept.length === unsent.length ? unsent : kept;
}

/** Who has control now confirms the wishes that were about control. */
function settledBy(sent: Unsent["frame"]["type"], control: Control): boolean {
  if (sent === "ask_for_human") return control === "offered" || control === "human";
  if (sent === "stop_waiting") return control !== "offered";
  return sent === "leave_message" && control !== "offered";
}

function endedBy(talk: Talk, control: Control, lifecycle: Lifecycle): Ended | null {
  const wasPerson = talk.control === "human" && control !== "human" && control !== "offered";
  const closed = lifecycle === "resolved" && talk.lifecycle !== "resolved" && talk.control === "bot";
  if (!wasPerson && !closed) return control === "human" || control === "offered" ? null : talk.ended;
  const by = wasPerson ? (talk.agent ?? "us") : (talk.assistant?.name ?? "the assistant");
  return talk.rated.includes(talk.epoch) ? talk.ended : { stretch: talk.epoch, by };
}

function refused(talk: Talk, frame: ErrorFrame): Talk {
  const known = frame.client_id && talk.unsent.some((one) => one.frame.client_id === frame.client_id);
  if (!known) return { ...talk, problem: { text: frame.message, retryAfter: frame.retry_after ?? null } };
  const unsent = talk.unsent.map((one) =>
    one.frame.client_id === frame.client_id ? { ...one, refused: frame.message } : one,
  );
  const problem = frame.retry_after ? { text: frame.message, retryAfter: frame.retry_after } : talk.problem;
  return { ...talk, unsent, problem };
}

function withoutSent(unsent: readonly Unsent[], clientId: string | null | undefined): readonly Unsent[] {
  if (!clientId || !unsent.some((one) => one.frame.client_id === clientId)) return unsent;
  return unsent.filter((one) => one.frame.client_id !== clientId);
}

/** Who is seen writing: whoever says so, and the bot from the customer's last word until its answer shows. */
export function whoWrites(talk: Talk): AuthorPart | null {
  if (talk.writing || talk.control === "nobody" || talk.link !== "open") return null;
  const last = talk.log.entries.at(-1);
  const owed = talk.control === "bot" && talk.lifecycle === "active" && last?.author.kind === "customer";
  return talk.typing ?? (owed ? botOf(talk) : null);
}

/** Lines by others that the customer has not had in front of them. */
export function unreadCount(talk: Talk): number {
  return talk.log.entries.filter((entry) => entry.offset > talk.seen && entry.author.kind !== "customer").length;
}

/** The buttons that may be pressed now: those of the newest message, until the customer has answered. */
export function openButtons(talk: Talk): number | null {
  for (let i = talk.log.entries.length - 1; i >= 0; i -= 1) {
    const entry = talk.log.entries[i]!;
    if (entry.author.kind === "customer") return null;
    if (entry.buttons?.length) return talk.control === "bot" ? entry.offset : null;
  }
  return null;
}
