// One connection that comes back by itself: a web socket with backoff, jitter and a watchdog on what is heard.
import { heardNow } from "./drawing";
import { ANSWER_LIMIT, delayBefore, doubt, UNTROUBLED } from "./reconnect";

/** "away": gone and coming back, for so short a time that nobody needs to know. "lost": for longer than that. */
export type LinkState = "connecting" | "open" | "away" | "lost" | "closed";

export interface LinkPorts {
  open(url: string): WebSocket;
  now(): number;
  random(): number;
}

const browserPorts: LinkPorts = {
  open: (url) => new WebSocket(url),
  now: () => Date.now(),
  random: () => Math.random(),
};

export interface LinkEvents<Receives> {
  /** The socket is open: say hello. Called again when the watchdog wants a sign of life. */
  greet(): void;
  /** `answers` is true for frames that may answer a greeting the watchdog wanted. */
  frame(frame: Receives, answers: boolean): void;
  state(state: LinkState): void;
  /** The other side closed with this code. Answer false to stop trying. */
  closed(code: number): boolean;
}

export class Link<Sends extends object, Receives> {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private heard = 0;
  private asked: number | null = null;
  private askedLast = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private trouble: ReturnType<typeof setTimeout> | undefined;
  private goneSince: number | null = null; // since when there has been no connection that answered
  private met = false; // the service has answered at least once
  private sentAway: number | null = null; // the service stops, and says how long to wait
  private watch: ReturnType<typeof setInterval> | undefined;
  private wanted = false;

  constructor(
    private readonly url: string,
    private readonly events: LinkEvents<Receives>,
    private readonly ports: LinkPorts = browserPorts,
  ) {}

  start(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.goneSince = this.ports.now();
    addEventListener("online", this.online);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    removeEventListener("online", this.online);
    document.removeEventListener("visibilitychange", this.wake);
    this.drop();
    clearTimeout(this.trouble);
    this.events.state("closed");
  }

  /** Close and connect anew at once, as after forgetting who we are. */
  restart(): void {
    this.stop();
    this.attempt = 0;
    this.start();
  }

  /** The service answered properly: the next loss starts the backoff from the beginning. */
  settled(): void {
    this.attempt = 0;
    this.met = true;
    this.goneSince = null;
    clearTimeout(this.trouble);
  }

  get open(): boolean {
    return this.socket?.readyState === 1;
  }

  /** True when the frame was given to the socket; false when there is none and nothing was sent. */
  send(frame: Sends): boolean {
    if (!this.open) return false;
    this.socket!.send(JSON.stringify(frame));
    return true;
  }

  /** Looked at again, perhaps after a sleep: do not wait for the timer. */
  private readonly wake = (): void => {
    if (!this.wanted || document.visibilityState === "hidden") return;
    if (!this.socket) this.now();
    else if (this.open && doubt(this.ports.now(), this.heard, this.asked) === "dead") this.now();
    else if (this.open && this.ports.now() - this.heard > ANSWER_LIMIT) this.ask();
  };

  /** The network is back: what was open over the old one is not waited for. */
  private readonly online = (): void => {
    if (this.wanted) this.now();
  };

  private now(): void {
    this.drop();
    this.gone();
    this.connect();
  }

  /** Ask the other side for a sign of life (and for what we missed). */
  ask(): void {
    if (this.asked !== null) return;
    this.asked = this.askedLast = this.ports.now();
    this.events.greet();
  }

  private connect(): void {
    this.gone();
    let socket: WebSocket;
    try {
      socket = this.ports.open(this.url);
    } catch {
      this.later();
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      this.heard = this.ports.now();
      this.asked = null;
      this.watch = setInterval(() => this.check(), 2_000);
      this.events.state("open");
      this.events.greet();
    };
    socket.onmessage = (message: MessageEvent<string>) => {
      this.heard = this.ports.now() + 1;
      const answers = this.ports.now() - this.askedLast < ANSWER_LIMIT;
      this.asked = null;
      const frame = JSON.parse(message.data) as Receives;
      if (this.mustMove(frame)) return; // the close follows, and the reader needs to know nothing
      heardNow(() => this.events.frame(frame, answers));
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.drop();
      if (!this.wanted) return;
      if (this.events.closed(event.code)) this.later();
      else this.stop();
    };
  }

  private check(): void {
    const verdict = doubt(this.ports.now(), this.heard, this.asked);
    if (verdict === "ask") this.ask();
    if (verdict === "dead") this.now();
  }

  private mustMove(frame: Receives): boolean {
    const { type, code, retry_after } = frame as { type?: string; code?: string; retry_after?: number };
    if (type !== "error" || code !== "moving") return false;
    this.sentAway = (retry_after ?? 0) * 1_000;
    return true;
  }

  private later(): void {
    this.gone();
    clearTimeout(this.timer);
    const wait = this.sentAway ?? delayBefore(this.attempt, this.ports.random());
    this.sentAway = null;
    this.timer = setTimeout(() => this.connect(), wait);
    this.attempt += 1;
  }

  /** There is no connection now. Say so once it has lasted. */
  private gone(): void {
    this.goneSince ??= this.ports.now();
    const left = this.goneSince + UNTROUBLED - this.ports.now();
    clearTimeout(this.trouble);
    if (left <= 0) return this.events.state("lost");
    this.trouble = setTimeout(() => !this.open && this.events.state("lost"), left);
    this.events.state(this.met ? "away" : "connecting");
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
