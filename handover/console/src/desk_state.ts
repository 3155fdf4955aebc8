// What the console knows, and how each frame changes it. Pure: lists, offers and the conversations that were opened.
import type { LinkState } from "../../../bot/widget/src/shared/link";
import { emptyLog, withEntries, withEntry, type OrderedLog } from "../../../bot/widget/src/shared/ordered_log";
import type {
  AgentPart,
  AgentReceives,
  AuthorPart,
  ConversationFrame,
  DraftFrame,
  EntryFrame,
  ErrorFrame,
  NoteFrame,
  OfferFrame,
  Packet,
  PresenceFrame,
} from "../../../bot/widget/src/shared/wire";
import { reworded, withMark, type Marks } from "./marks";

export type View = "offers" | "mine" | "bot" | "waiting" | "resolved";
export const VIEWS: readonly View[] = ["offers", "mine", "bot", "waiting", "resolved"];

/** A conversation this console has opened; kept when another is looked at, so that coming back is instant. */
export interface Opened {
  log: OrderedLog;
  marks: Marks;
  notes: readonly NoteFrame[];
  drafts: readonly DraftFrame[];
  packet: Packet | null;
  presence: PresenceFrame | null;
  writing: { turn: string; text: string } | null;
  dropped: string | null; // a turn that was overtaken while it was written
  typing: AuthorPart | null;
}

export interface DeskState {
  link: LinkState;
  me: AgentPart | null;
  feed: number;
  rows: ReadonlyMap<string, ConversationFrame>;
  offers: ReadonlyMap<string, OfferFrame>;
  /** Offers known before the last welcome that have not been told again since. */
  doubted: ReadonlySet<string>;
  opened: ReadonlyMap<string, Opened>;
}

export const blankDesk: DeskState = {
  link: "closed",
  me: null,
  feed: 0,
  rows: new Map(),
  offers: new Map(),
  doubted: new Set(),
  opened: new Map(),
};

export const blankOpened: Opened = {
  log: emptyLog,
  marks: new Map(),
  notes: [],
  drafts: [],
  packet: null,
  presence: null,
  writing: null,
  dropped: null,
  typing: null,
};

export function withFrame(desk: DeskState, frame: AgentReceives): DeskState {
  switch (frame.type) {
    case "welcome":
      return { ...desk, me: frame.agent, doubted: new Set(desk.offers.keys()) };
    case "heartbeat":
      return complete(desk, frame.feed);
    case "conversation":
      return withRows(desk, [frame]);
    case "conversations":
      return withRows(desk, frame.rows);
    case "offer":
      return withOffer(desk, frame);
    case "offer_gone":
      return { ...desk, offers: without(desk.offers, frame.conversation) };
    case "error":
      return frame.missed?.length && frame.conversation ? withMissed(desk, frame) : desk;
    case "control":
      return frame.conversation
        ? changed(desk, frame.conversation, (open) => ({ ...open, ...unwritten(open), typing: null }))
        : desk;
    default:
      return frame.conversation ? changed(desk, frame.conversation, (open) => withLine(open, frame)) : desk;
  }
}

/** Everything up to `feed` has come, and every offer that rings here: those not told again do not any more. */
function complete(desk: DeskState, feed: number | null | undefined): DeskState {
  const offers = new Map([...desk.offers].filter(([conversation]) => !desk.doubted.has(conversation)));
  const same = offers.size === desk.offers.size;
  return { ...desk, feed: feed ?? desk.feed, offers: same ? desk.offers : offers, doubted: same ? desk.doubted : new Set() };
}

/** A row is a whole state: the one with the higher feed number wins, whichever came last. */
export function withRows(desk: DeskState, news: readonly ConversationFrame[]): DeskState {
  const rows = new Map(desk.rows);
  let offers = desk.offers;
  for (const row of news) {
    if ((rows.get(row.conversation)?.feed ?? row.feed) > row.feed) continue;
    rows.set(row.conversation, row);
    const offer = offers.get(row.conversation);
    if (offer && (row.control !== "offered" || row.epoch > offer.epoch)) offers = without(offers, row.conversation);
  }
  return { ...desk, rows, offers };
}

function withOffer(desk: DeskState, offer: OfferFrame): DeskState {
  const row = desk.rows.get(offer.conversation);
  if (row && row.epoch > offer.epoch) return desk; // it was overtaken on its way
  const offers = new Map(desk.offers).set(offer.conversation, offer);
  const doubted = new Set(desk.doubted);
  doubted.delete(offer.conversation);
  return changed({ ...desk, offers, doubted }, offer.conversation, (open) => ({ ...open, packet: open.packet ?? offer.packet }));
}

function withMissed(desk: DeskState, error: ErrorFrame): DeskState {
  return changed(desk, error.conversation!, (open) => ({ ...open, log: reworded(withEntries(open.log, error.missed ?? []), open.marks) }));
}

type LineFrame = Extract<AgentReceives, { type: "entry" | "entry_mark" | "delta" | "typing" | "packet" | "note" | "draft" | "presence" }>;

function withLine(open: Opened, frame: LineFrame): Opened {
  switch (frame.type) {
    case "entry":
      return withSaid(open, frame);
    case "entry_mark": {
      const marks = withMark(open.marks, frame);
      return marks === open.marks ? open : { ...open, marks, log: reworded(open.log, marks) };
    }
    case "delta": {
      if (open.dropped === frame.turn) return open;
      const before = open.writing?.turn === frame.turn ? open.writing.text : "";
      return { ...open, typing: null, writing: { turn: frame.turn, text: before + frame.text } };
    }
    case "typing":
      return { ...open, typing: frame.on === false ? null : frame.author };
    case "packet":
      return { ...open, packet: frame.packet };
    case "note":
      return open.notes.some((note) => note.id === frame.id) ? open : { ...open, notes: [...open.notes, frame] };
    case "draft":
      return open.drafts.some((draft) => draft.at === frame.at && draft.text === frame.text)
        ? open
        : { ...open, drafts: [...open.drafts, frame] };
    case "presence":
      return { ...open, presence: frame };
  }
}

function withSaid(open: Opened, entry: EntryFrame): Opened {
  const log = withEntry(open.log, entry);
  if (log === open.log) return open;
  return {
    ...open,
    log: reworded(log, open.marks),
    typing: open.typing?.kind === entry.author.kind ? null : open.typing,
    ...unwritten(open),
  };
}

/** What the bot was writing is over: it stands in the record now, or it was overtaken. */
function unwritten(open: Opened): Pick<Opened, "writing" | "dropped"> {
  return { writing: null, dropped: open.writing?.turn ?? open.dropped };
}

export function changed(desk: DeskState, conversation: string, change: (open: Opened) => Opened): DeskState {
  const open = desk.opened.get(conversation);
  if (!open) return desk;
  const next = change(open);
  return next === open ? desk : { ...desk, opened: new Map(desk.opened).set(conversation, next) };
}

export function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

/** Whether `row` belongs in `view` for the agent `me`. */
export function belongs(desk: DeskState, row: ConversationFrame, view: View): boolean {
  switch (view) {
    case "offers":
      return row.control === "offered" && desk.offers.has(row.conversation);
    case "mine":
      return row.control === "human" && row.agent?.id === desk.me?.id;
    case "bot":
      return row.control === "bot" && row.lifecycle === "active";
    case "waiting":
      return row.lifecycle === "active" && (row.control === "offered" || row.control === "nobody");
    case "resolved":
      return row.lifecycle === "resolved";
  }
}

/** The rows of a view: those who wait longest first where somebody waits, else the newest first. */
export function listed(desk: DeskState, view: View): ConversationFrame[] {
  const rows = [...desk.rows.values()].filter((row) => belongs(desk, row, view));
  if (view === "offers" || view === "waiting") {
    const since = (row: ConversationFrame): number => Date.parse(row.waiting_since ?? row.changed_at);
    return rows.sort((a, b) => since(a) - since(b));
  }
  return rows.sort((a, b) => b.feed - a.feed);
}

/** The drafts worth showing: a late reply until somebody answered, a suggestion while I have the conversation. */
export function openDrafts(open: Opened, mine: boolean): readonly DraftFrame[] {
  const said = (by: readonly string[]): number =>
    Math.max(0, ...open.log.entries.filter((entry) => by.includes(entry.author.kind)).map((entry) => Date.parse(entry.at)));
  const answered = said(["agent"]);
  const moved = said(["agent", "bot"]);
  const fresh = (draft: DraftFrame): boolean =>
    draft.origin === "late_reply" ? Date.parse(draft.at) > answered : mine && Date.parse(draft.at) > moved;
  return open.drafts.filter(fresh).slice(-2);
}

/** Mine, and the customer has the last word. */
export function unanswered(desk: DeskState): number {
  return listed(desk, "mine").filter((row) => row.lifecycle === "active" && row.last_entry?.author === "customer").length;
}
