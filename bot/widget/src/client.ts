// The widget's side of the wire: keeps the conversation true over lost connections, reloads and several tabs.
import { Memory } from "./memory";
import { Patience } from "./patience";
import { Link } from "./shared/link";
import { Observed } from "./shared/observed";
import { hasGap, lastOffset } from "./shared/ordered_log";
import { newId } from "./shared/words";
import type { ButtonPart, CustomerReceives, CustomerSends, CustomerWelcome, ErrorFrame } from "./shared/wire";
import { blankTalk, withFrame, type Talk, type Unsent } from "./talk";

const TYPING_SHOWN = 6_000; // the wire contract: screens drop it after six seconds
const TYPING_EVERY = 3_000;
const ASK_AGAIN = 3_000; // between two questions for missing lines
const ANSWER_IN = 20_000; // a message nobody confirmed by then is shown as not sent

export class Client {
  readonly talk = new Observed<Talk>(blankTalk);
  readonly draft: Observed<string>;
  private readonly link: Link<CustomerSends, CustomerReceives>;
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private typedAt = 0;
  private askedAt = 0;
  private greeted = false; // the service has said welcome on this connection
  private readonly patience = new Patience();
  private pause: ReturnType<typeof setTimeout> | undefined; // until what the service could not keep is sent again
  private readonly overdue = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly given = new Map<number, Extract<CustomerSends, { type: "rate" }>>(); // scores nobody confirmed yet

  constructor(server: string, readonly memory = new Memory(server)) {
    const kept = memory.read();
    this.draft = new Observed(kept.draft);
    this.draft.watch((draft) => memory.keep({ draft }));
    this.talk.set({
      ...blankTalk,
      token: kept.token,
      conversation: kept.conversation,
      seen: kept.seen,
      unsent: kept.unsent,
      ended: kept.ended,
    });
    this.link = new Link(`${server.replace(/^http/, "ws")}/ws/customer`, {
      greet: () => this.hello(),
      frame: (frame, answers) => this.take(frame, answers),
      state: (link) => {
        if (link !== "open") this.greeted = false;
        this.change({ link, ...(link === "open" ? {} : { writing: null, typing: null }) });
      },
      closed: (code) => this.closed(code),
    });
    memory.watch((other) => this.otherTab(other.conversation, other.seen));
  }

  /** Connect, once. Somebody who never opens the panel costs the service nothing. */
  start(): void {
    this.link.start();
  }

  get known(): boolean {
    return this.talk.value.token !== null;
  }

  say(text: string, payload?: string): void {
    this.queue({ type: "say", client_id: newId(), text, ...(payload ? { payload } : {}) });
  }

  press(button: ButtonPart): void {
    if (button.payload === "ask_for_human") this.askForHuman();
    else if (button.payload === "stop_waiting") this.stopWaiting();
    else this.say(button.title, button.payload);
  }

  askForHuman(): void {
    if (this.talk.value.unsent.some((one) => one.frame.type === "ask_for_human" && !one.refused)) return;
    this.queue({ type: "ask_for_human", client_id: newId() });
  }

  stopWaiting(): void {
    this.queue({ type: "stop_waiting", client_id: newId() });
  }

  leaveMessage(email: string, text: string): void {
    this.queue({ type: "leave_message", client_id: newId(), email, ...(text ? { text } : {}) });
  }

  rate(score: number, comment: string): void {
    const { ended, rated } = this.talk.value;
    if (!ended) return;
    const rate = { type: "rate", stretch: ended.stretch, score, ...(comment ? { comment } : {}) } as const;
    this.given.set(ended.stretch, rate);
    this.link.send(rate);
    this.change({ rated: [...rated, ended.stretch] });
  }

  doneRating(): void {
    this.change({ ended: null });
    this.memory.keep({ ended: null });
  }

  types(): void {
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY) return;
    this.typedAt = now;
    this.link.send({ type: "typing" });
  }

  /** Everything shown is read: tell the service and the other tabs. */
  markSeen(): void {
    const { log, seen } = this.talk.value;
    const last = lastOffset(log);
    if (last <= seen) return;
    this.change({ seen: last });
    this.memory.keep({ seen: last });
    this.link.send({ type: "seen", offset: last });
  }

  retry(clientId: string): void {
    this.alter(clientId, (one) => ({ ...one, at: Date.now(), refused: null, busy: false }));
    const one = this.talk.value.unsent.find((each) => each.frame.client_id === clientId);
    if (one) this.transmit(one);
  }

  discard(clientId: string): void {
    this.alter(clientId, () => null);
  }

  dismissProblem(): void {
    this.change({ problem: null });
  }

  /** Forget who this is: the next opening starts a new conversation. */
  reset(): void {
    this.link.stop();
    this.endPause();
    this.memory.forget();
    this.talk.set(blankTalk);
    this.draft.set("");
  }

  private queue(frame: Unsent["frame"]): void {
    const one: Unsent = { frame, at: Date.now(), refused: null };
    this.start();
    this.change({ unsent: [...this.talk.value.unsent, one], problem: null });
    this.keepUnsent();
    this.transmit(one);
  }

  private transmit(one: Unsent): void {
    // Before the welcome the service does not know who speaks. What waits is sent then, and first what was written first.
    // During a pause it keeps its place in the line, too.
    // Only the wish for a person waits for nothing.
    const free = this.pause === undefined || one.frame.type === "ask_for_human";
    if (this.greeted && free && this.link.send(one.frame)) this.expectAnswer(one.frame.client_id);
  }

  private transmitAll(): void {
    for (const one of this.talk.value.unsent) if (!one.refused) this.transmit(one);
  }

  private expectAnswer(clientId: string): void {
    clearTimeout(this.overdue.get(clientId));
    const late = (): void => {
      this.overdue.delete(clientId);
      if (this.talk.value.link !== "open") return; // it will be sent again by itself
      this.alter(clientId, (one) => ({ ...one, refused: one.refused ?? "No answer from the service yet." }));
    };
    this.overdue.set(clientId, setTimeout(late, ANSWER_IN));
  }

  /** The service keeps nothing for the moment: the same words with the same id go out again after a pause. */
  private again(error: ErrorFrame): boolean {
    const id = error.client_id;
    const busy = error.code === "busy";
    if ((error.code !== "unavailable" && !busy) || !id || !this.talk.value.unsent.some((one) => one.frame.client_id === id)) return false;
    const pause = this.patience.next(id, error.retry_after, busy);
    if (pause === null) return false;
    this.alter(id, (one) => ({ ...one, busy }));
    clearTimeout(this.overdue.get(id));
    this.pause ??= setTimeout(() => {
      this.endPause();
      this.transmitAll();
    }, pause);
    return true;
  }

  /** What was too much for the bot is not too much for people. */
  private peopleTake(): void {
    if (!this.talk.value.unsent.some((one) => one.busy && !one.refused)) return;
    this.endPause();
    this.transmitAll();
  }

  private endPause(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
  }

  private hello(): void {
    const { token, conversation, log } = this.talk.value;
    const after = lastOffset(log);
    this.link.send({
      type: "hello",
      ...(token ? { token } : {}),
      ...(conversation ? { conversation } : {}),
      ...(conversation && after ? { after } : {}),
    });
  }

  private take(frame: CustomerReceives, answers: boolean): void {
    const before = this.talk.value;
    if (frame.type === "error" && answers && frame.code === "bad_input" && !frame.client_id) {
      // A service that takes one hello per connection: it lives, and what is missing comes with a new connection.
      if (hasGap(before.log)) this.link.restart();
      return;
    }
    if (frame.type === "error" && this.again(frame)) return;
    this.talk.set(withFrame(before, frame));
    const now = this.talk.value;
    if (frame.type === "welcome") this.welcomed(frame);
    if (frame.type === "typing" || frame.type === "delta") this.dropTypingLater();
    if (frame.type === "control" && frame.control !== "bot") this.peopleTake();
    if (now.unsent !== before.unsent) this.keepUnsent();
    if (now.ended !== before.ended) this.memory.keep({ ended: now.ended });
    if (frame.type === "entry" && hasGap(now.log)) this.askForMissing();
    if (frame.type === "error" && frame.code === "not_signed_in") this.forgetToken();
  }

  private welcomed(frame: CustomerWelcome): void {
    this.link.settled();
    this.greeted = true;
    const { token, conversation, seen } = this.talk.value;
    this.memory.keep({ token, conversation, seen });
    if (seen > (frame.seen ?? 0)) this.link.send({ type: "seen", offset: seen });
    for (const [stretch, rate] of this.given) {
      if (frame.rated?.includes(stretch)) this.given.delete(stretch);
      else this.link.send(rate);
    }
    this.endPause();
    this.transmitAll();
  }

  private askForMissing(): void {
    const now = Date.now();
    if (now - this.askedAt < ASK_AGAIN) return;
    this.askedAt = now;
    this.link.ask();
    setTimeout(() => hasGap(this.talk.value.log) && this.askForMissing(), ASK_AGAIN + 10);
  }

  private dropTypingLater(): void {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.change({ typing: null }), TYPING_SHOWN);
  }

  private forgetToken(): void {
    this.memory.keep({ token: null, conversation: null, seen: 0 });
    const { unsent } = this.talk.value;
    this.talk.set({ ...blankTalk, unsent, link: this.talk.value.link });
  }

  /** 4401: the token is no longer good. 4403, 4404: the conversation is not ours (any more). Begin anew. */
  private closed(code: number): boolean {
    if ((code === 4401 || code === 4403 || code === 4404) && this.known) this.forgetToken();
    return true;
  }

  private otherTab(conversation: string | null, seen: number): void {
    const talk = this.talk.value;
    if (conversation === talk.conversation) {
      if (seen > talk.seen) this.change({ seen });
      return;
    }
    if (talk.conversation === null && talk.link === "closed") return;
    const { token } = this.memory.read();
    this.talk.set({ ...blankTalk, token, conversation });
    if (conversation) this.link.restart();
    else this.link.stop();
  }

  private alter(clientId: string, change: (one: Unsent) => Unsent | null): void {
    const unsent = this.talk.value.unsent.flatMap((one) => {
      const next = one.frame.client_id === clientId ? change(one) : one;
      return next ? [next] : [];
    });
    this.change({ unsent });
    this.keepUnsent();
  }

  private keepUnsent(): void {
    const { unsent } = this.talk.value;
    this.patience.keep(unsent.map((one) => one.frame.client_id));
    this.memory.keep({ unsent });
  }

  private change(part: Partial<Talk>): void {
    this.talk.update((talk) => ({ ...talk, ...part }));
  }
}
