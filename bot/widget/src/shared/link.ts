// One connection that comes back by itself: a web socket with backoff, jitter and a watchdog on what is heard.
import { heardNow } from "./drawing";
import { ANSWER_LIMIT, delayBefore, doubt } from "./reconnect";

export type LinkState = "connecting" | "open" | "lost" | "closed";

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
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop(): void {
    this.wanted = false;
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.drop();
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

  /** Back from sleep, or the network says it is back: do not wait for the timer. */
  private readonly wake = (): void => {
    if (!this.wanted || document.visibilityState === "hidden") return;
    if (this.open) this.ask();
    else if (!this.socket) {
      clearTimeout(this.timer);
      this.connect();
    }
  };

  /** Ask the other side for a sign of life (and for what we missed). */
  ask(): void {
    if (this.asked !== null) return;
    this.asked = this.askedLast = this.ports.now();
    this.events.greet();
  }

  private connect(): void {
    this.events.state(this.attempt === 0 ? "connecting" : "lost");
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
      heardNow(() => this.events.frame(JSON.parse(message.data) as Receives, answers));
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
    if (verdict === "dead") {
      this.drop();
      this.later();
    }
  }

  private later(): void {
    this.events.state("lost");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), delayBefore(this.attempt, this.ports.random()));
    this.attempt += 1;
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
