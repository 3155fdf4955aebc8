// The console's side of the wire: one socket, resumed by feed number and offset; sends are kept until confirmed.
import { Link, type LinkState } from "../../../bot/widget/src/shared/link";
import { Observed } from "../../../bot/widget/src/shared/observed";
import { hasGap, lastOffset } from "../../../bot/widget/src/shared/ordered_log";
import { newId } from "../../../bot/widget/src/shared/words";
import type { AgentPart, AgentReceives, AgentSends, ErrorFrame, OfferGone, PresenceFrame } from "../../../bot/widget/src/shared/wire";
import type { TemplatePart } from "../../../bot/widget/src/shared/wire_marks";
import { ChannelBook } from "./channels";
import { blankDesk, blankOpened, changed, withFrame, without, withRows, type DeskState, type Opened, type View } from "./desk_state";
import { Drafts, type Kept, type Tab } from "./drafts";
import { nameOf } from "./reasons";
import { refusalOf } from "./refusals";
import { rest, type AgentRow } from "./rest";

const TYPING_EVERY = 3_000;
const TYPING_SHOWN = 6_000;
const ASK_AGAIN = 3_000;
const NOT_DONE = "Not connected right now. Nothing was done; try again when the line is back.";

export interface Message {
  id: number;
  text: string;
  bad: boolean;
}

/** Words on their way; `text` stays in the composer until the service has them. */
export interface OnItsWay {
  frame: Extract<AgentSends, { type: "say" | "note" }>;
}

export class DeskClient {
  readonly desk = new Observed<DeskState>(blankDesk);
  readonly current = new Observed<string | null>(null);
  readonly onTheirWay = new Observed<ReadonlyMap<string, OnItsWay>>(new Map());
  readonly bounced = new Observed<ReadonlyMap<string, string>>(new Map());
  readonly messages = new Observed<readonly Message[]>([]);
  readonly texts = new Observed<ReadonlyMap<string, string>>(new Map());
  /** Everybody with an account, and how they stood when they were last asked for. */
  readonly people = new Observed<ReadonlyMap<string, AgentRow>>(new Map());
  /** Lists of which the service has older rows than were received. */
  readonly more = new Observed<ReadonlyMap<View, boolean>>(new Map());
  readonly drafts: Drafts;
  readonly channels = new ChannelBook();
  private readonly link: Link<AgentSends, AgentReceives>;
  private readonly rang = new Set<string>(); // offers this screen was shown; the row may say sooner that one is over
  private typedAt = 0;
  private askedAt = 0;
  private waiting: AgentSends[] = []; // done while the line was away for a moment
  private presenceTimer: ReturnType<typeof setTimeout> | undefined;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    me: AgentPart,
    private readonly signedOut: () => void,
  ) {
    this.drafts = new Drafts(me.id);
    this.desk.set({ ...blankDesk, me });
    this.link = new Link(`${location.origin.replace(/^http/, "ws")}/ws/agent`, {
      greet: () => this.hello(),
      frame: (frame, answers) => this.take(frame, answers),
      state: (link) => this.linked(link),
      closed: (code) => this.closed(code),
    });
  }

  start(): void {
    this.link.start();
  }

  stop(): void {
    this.link.stop();
  }

  send(frame: AgentSends): void {
    if (this.link.send(frame)) return;
    if (this.desk.value.link === "away") this.waiting.push(frame);
    else this.tell(NOT_DONE, true);
  }

  private linked(link: LinkState): void {
    this.desk.update((desk) => ({ ...desk, link }));
    if (link !== "lost" || !this.waiting.length) return;
    this.waiting = [];
    this.tell(NOT_DONE, true);
  }

  open(conversation: string | null): void {
    const before = this.current.value;
    if (before === conversation) return;
    this.wantsFocus = false; // that was for another conversation
    if (before) this.link.send({ type: "close", conversation: before });
    if (conversation && !this.desk.value.opened.has(conversation)) {
      this.desk.update((desk) => ({ ...desk, opened: new Map(desk.opened).set(conversation, blankOpened) }));
    }
    this.current.set(conversation);
    if (conversation) this.follow(conversation);
  }

  /** The newest page of a list, or with `before` the page under it. */
  async loadView(view: View, before?: number): Promise<void> {
    const { rows, more } = await rest.rows(view, before);
    this.desk.update((desk) => withRows(desk, rows));
    // A first page says "more" also when the older ones came long ago; only a later page knows better.
    if (before || !more || !this.more.value.has(view)) this.more.update((all) => new Map(all).set(view, more));
  }

  nameOfAgent(id: string): string {
    return this.people.value.get(id)?.agent.name ?? "A colleague";
  }

  /** Who is there and how much each holds, as it is now. */
  async meet(): Promise<void> {
    const rows = await rest.agents();
    this.people.set(new Map(rows.map((row) => [row.agent.id, row])));
  }

  private meetSoon = (): void => void this.meet().catch(() => undefined); // "A colleague" stands meanwhile

  /** Opens a conversation of which no list may have brought the row. */
  visit(conversation: string): void {
    this.open(conversation);
    if (this.desk.value.rows.has(conversation)) return;
    rest.row(conversation).then(
      (row) => this.desk.update((desk) => withRows(desk, [row])),
      (error: Error) => this.tell(error.message, true),
    );
  }

  /** What is in a composer's tab, as typed. */
  text(conversation: string, tab: Kept): string {
    return this.texts.value.get(`${conversation}:${tab}`) ?? this.drafts.read(conversation, tab);
  }

  write(conversation: string, tab: Kept, text: string): void {
    this.texts.update((texts) => new Map(texts).set(`${conversation}:${tab}`, text));
    this.drafts.keep(conversation, tab, text);
  }

  /** Send what the tab holds: to the customer from "reply", to colleagues only from "note". */
  submit(conversation: string, tab: Tab): void {
    const key = `${conversation}:${tab}`;
    const text = this.text(conversation, tab).trim();
    if (!text || this.onTheirWay.value.has(key)) return;
    const client_id = newId();
    this.goes(key, tab === "note" ? { type: "note", conversation, text, client_id } : this.said(conversation, text, client_id));
  }

  /** A template instead of words: `text` is what it reads like. */
  submitTemplate(conversation: string, template: TemplatePart, text: string): void {
    const key = `${conversation}:template`;
    if (this.onTheirWay.value.has(key)) return;
    this.goes(key, { ...this.said(conversation, text, newId()), template });
  }

  private said(conversation: string, text: string, client_id: string): Extract<AgentSends, { type: "say" }> {
    const seen = lastOffset(this.desk.value.opened.get(conversation)?.log ?? blankOpened.log);
    return { type: "say", conversation, client_id, text, seen };
  }

  private goes(key: string, frame: OnItsWay["frame"]): void {
    this.onTheirWay.update((sent) => new Map(sent).set(key, { frame }));
    this.bounced.update((all) => without(all, key));
    this.link.send(frame); // not connected: it is sent after the next welcome, with the same id
  }

  types(conversation: string): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY) return;
    this.typedAt = now;
    this.link.send({ type: "typing", conversation });
  }

  tell(text: string, bad = false, stays = false): void {
    const id = Date.now() + Math.random();
    this.messages.update((all) => [...all.slice(-2), { id, text, bad }]);
    if (stays) return; // until it is dismissed
    setTimeout(() => this.dismiss(id), bad ? 12_000 : 6_000);
  }

  dismiss(id: number): void {
    this.messages.update((all) => all.filter((one) => one.id !== id));
  }

  private hello(): void {
    const { feed } = this.desk.value;
    this.link.send(feed ? { type: "hello", after: feed } : { type: "hello" });
  }

  private follow(conversation: string): void {
    const after = lastOffset(this.desk.value.opened.get(conversation)?.log ?? blankOpened.log);
    this.link.send(after ? { type: "open", conversation, after } : { type: "open", conversation });
  }

  private take(frame: AgentReceives, answers: boolean): void {
    if (frame.type === "error" && answers && frame.code === "bad_input" && !frame.client_id && !frame.conversation) return;
    if (frame.type === "offer") this.rang.add(frame.conversation);
    if (frame.type === "offer_gone") this.sayWhoTook(frame);
    this.desk.update((desk) => withFrame(desk, frame));
    if (frame.type === "welcome") this.welcomed();
    if (frame.type === "presence") this.metPresence(frame);
    if (frame.type === "entry" || frame.type === "note") this.confirmed(frame.client_id);
    if (frame.type === "entry" && frame.conversation) this.checkGap(frame.conversation);
    if (frame.type === "draft" && frame.origin !== "late_reply") this.offerDraft(frame.conversation, frame.text);
    if (frame.type === "typing" && frame.conversation) this.dropTypingLater(frame.conversation);
    if (frame.type === "error") this.refused(frame);
  }

  /** An offer that stood here and went to somebody else: say to whom, or it just vanishes under the hand. */
  private sayWhoTook({ conversation, taken_by }: OfferGone): void {
    const { rows, me } = this.desk.value;
    if (!this.rang.delete(conversation) || !taken_by || taken_by === me?.name) return;
    this.tell(`${taken_by} has taken ${nameOf(rows.get(conversation))}.`);
  }

  private metPresence({ conversation, viewing = [], typing = [] }: PresenceFrame): void {
    if ([...viewing, ...typing].some((id) => !this.people.value.has(id))) this.meetSoon();
    clearTimeout(this.presenceTimer);
    if (!typing.length) return;
    this.presenceTimer = setTimeout(() => {
      const still = (open: Opened): Opened => ({ ...open, presence: open.presence && { ...open.presence, typing: [] } });
      this.desk.update((desk) => changed(desk, conversation, still));
    }, TYPING_SHOWN);
  }

  private welcomed(): void {
    this.link.settled();
    this.meetSoon();
    if (this.current.value) this.follow(this.current.value);
    for (const { frame } of this.onTheirWay.value.values()) this.link.send(frame);
    for (const frame of this.waiting.splice(0)) this.link.send(frame);
  }

  private confirmed(clientId: string | null | undefined): void {
    const found = clientId && [...this.onTheirWay.value].find(([, sent]) => sent.frame.client_id === clientId);
    if (!found) return;
    const [key, { frame }] = found;
    this.onTheirWay.update((all) => without(all, key));
    this.write(frame.conversation, key.slice(key.lastIndexOf(":") + 1) as Kept, "");
  }

  private refused(error: ErrorFrame): void {
    const found = error.client_id && [...this.onTheirWay.value].find(([, sent]) => sent.frame.client_id === error.client_id);
    if (found) {
      this.onTheirWay.update((all) => without(all, found[0]));
      const words =
        error.code === "stale_view"
          ? "Not sent: the customer wrote something new. It is shown above; your text is still here."
          : `Not sent: ${refusalOf(error).text} Your text is still here.`;
      this.bounced.update((all) => new Map(all).set(found[0], words));
      return;
    }
    this.wantsFocus = false;
    if (error.code === "taken" && error.detail?.taken_by && error.conversation) this.open(error.conversation);
    const { text, bad, stays } = refusalOf(error);
    this.tell(text, bad, stays);
  }

  /** A suggestion goes into an empty composer; over words already typed it would be theft. It is listed either way. */
  private offerDraft(conversation: string, text: string): void {
    if (this.wantsDraft !== conversation) return;
    this.wantsDraft = null;
    if (!this.text(conversation, "reply")) this.write(conversation, "reply", text);
  }

  wantsDraft: string | null = null;
  wantsFocus = false; // the composer takes the focus when it is drawn next

  suggest(conversation: string): void {
    this.wantsDraft = conversation;
    this.send({ type: "suggest", conversation });
  }

  private checkGap(conversation: string): void {
    const open = this.desk.value.opened.get(conversation);
    const now = Date.now();
    if (!open || !hasGap(open.log) || now - this.askedAt < ASK_AGAIN) return;
    this.askedAt = now;
    this.follow(conversation);
  }

  private dropTypingLater(conversation: string): void {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(
      () => this.desk.update((desk) => changed(desk, conversation, (open) => ({ ...open, typing: null }))),
      TYPING_SHOWN,
    );
  }

  private closed(code: number): boolean {
    if (code !== 4401 && code !== 4403) {
      // A refused handshake looks like a lost line (1006): ask over HTTP whether we are still signed in.
      if (code === 1006) rest.me().catch((error: unknown) => (error as { status?: number }).status === 401 && this.signedOut());
      return true;
    }
    this.signedOut();
    return false;
  }
}
