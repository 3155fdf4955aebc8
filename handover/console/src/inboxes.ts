// The inboxes of social channels as admins keep them: what there is, what was wished, and what the platforms said.
import { Observed } from "../../../bot/widget/src/shared/observed";
import { count } from "../../../bot/widget/src/shared/words";
import { call } from "./rest";

/** Something an inbox must be told. Secret ones can be set and replaced, never read. */
export interface Wanted {
  name: string;
  label: string;
  help: string;
  secret: boolean;
  required: boolean;
}
export interface ChannelRow {
  name: string;
  title: string;
  experimental: boolean;
  account: Wanted;
  fields: Wanted[];
}
export interface KeptInbox {
  id: string;
  channel: string;
  name: string;
  account: string;
  settings: Record<string, string>;
  secrets: Record<string, "set" | "missing">;
  webhook_url: string;
  verify_token: string;
  paused_why?: string | null;
  handshake_at?: string | null;
  webhook_at?: string | null;
  queued: number;
  not_delivered: number;
}
/** What a platform answered to one request, and what to do about it. */
export interface Said {
  ok: boolean;
  what: string;
  words: string;
  todo: string;
}
/** A value of null erases; what is left out stays. */
export interface Wish {
  name: string;
  account: string;
  settings: Record<string, string | null>;
  secrets: Record<string, string | null>;
}

const at = (id: string, verb = ""): string => `inboxes/${encodeURIComponent(id)}${verb}`;

export const inboxCalls = {
  channels: async (): Promise<ChannelRow[]> => ((await call("GET", "channels")) as { channels: ChannelRow[] }).channels,
  all: async (): Promise<KeptInbox[]> => (await call("GET", "inboxes")) as KeptInbox[],
  add: (channel: string, wish: Wish): Promise<unknown> => call("POST", "inboxes", { channel, ...wish }),
  change: (id: string, wish: Wish): Promise<unknown> => call("PATCH", at(id), wish),
  remove: (id: string): Promise<unknown> => call("DELETE", at(id)),
  pause: (id: string): Promise<unknown> => call("POST", at(id, "/pause")),
  resume: (id: string): Promise<unknown> => call("POST", at(id, "/resume")),
  check: async (id: string): Promise<Said[]> => [(await call("POST", at(id, "/check"))) as Said],
  prepare: async (id: string): Promise<Said[]> => ((await call("POST", at(id, "/prepare"))) as { steps: Said[] }).steps,
};

export interface Kept {
  channels: readonly ChannelRow[];
  rows: readonly KeptInbox[] | null; // null until the first answer
  problem: string | null;
  /** Inboxes at which something is being done now. */
  busy: ReadonlySet<string>;
  /** What the platform said last, by inbox. */
  said: ReadonlyMap<string, readonly Said[]>;
}

export class Inboxes {
  readonly state = new Observed<Kept>({ channels: [], rows: null, problem: null, busy: new Set(), said: new Map() });
  private asked = 0;

  constructor(private readonly calls: typeof inboxCalls = inboxCalls) {}

  /** What is there now; an answer that a later question overtook is not shown. */
  async refresh(): Promise<void> {
    const mine = ++this.asked;
    try {
      const known = this.state.value.channels;
      const [channels, rows] = await Promise.all([known.length ? known : this.calls.channels(), this.calls.all()]);
      if (mine === this.asked) this.state.update((now) => ({ ...now, channels, rows, problem: null }));
    } catch (error) {
      if (mine === this.asked) this.state.update((now) => ({ ...now, problem: (error as Error).message }));
    }
  }

  /** Rejects with what the service refused, for the form to show at its field. */
  async save(channel: string, id: string | null, wish: Wish): Promise<void> {
    await (id ? this.calls.change(id, wish) : this.calls.add(channel, wish));
    await this.refresh();
  }

  check(id: string): Promise<boolean> {
    return this.attempt(id, async () => this.hear(id, await this.calls.check(id)));
  }

  prepare(id: string): Promise<boolean> {
    return this.attempt(id, async () => this.hear(id, await this.calls.prepare(id)));
  }

  pause(id: string): Promise<boolean> {
    return this.attempt(id, () => this.calls.pause(id));
  }

  resume(id: string): Promise<boolean> {
    return this.attempt(id, () => this.calls.resume(id));
  }

  remove(id: string): Promise<boolean> {
    return this.attempt(id, () => this.calls.remove(id));
  }

  private hear(id: string, said: readonly Said[]): void {
    this.state.update((now) => ({ ...now, said: new Map(now.said).set(id, said) }));
  }

  /** True when it was done; one wish at a time for an inbox. What is there is asked for again either way. */
  private async attempt(id: string, wish: () => Promise<unknown>): Promise<boolean> {
    if (this.state.value.busy.has(id)) return false;
    this.state.update((now) => ({ ...now, busy: new Set(now.busy).add(id) }));
    let problem: string | null = null;
    await wish().catch((error: Error) => void (problem = error.message));
    await this.refresh();
    this.state.update((now) => ({ ...now, problem: problem ?? now.problem, busy: new Set([...now.busy].filter((one) => one !== id)) }));
    return problem === null;
  }
}

export type State = "live" | "paused" | "waiting";

export function stateOf(inbox: KeptInbox): State {
  if (inbox.paused_why) return "paused";
  return inbox.webhook_at ? "live" : "waiting";
}

/** "12 seconds ago", "3 minutes ago", "2 days ago"; a clock that is behind the service's says "just now". */
export function agoWords(moment: string, now: number): string {
  const seconds = Math.floor((now - Date.parse(moment)) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} seconds ago`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${count(minutes, "minute")} ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${count(hours, "hour")} ago` : `${Math.floor(hours / 24)} days ago`;
}

/** The live check: whether the platform's webhooks arrive. */
export function heardWords(inbox: KeptInbox, now: number): string {
  if (inbox.webhook_at) return `We received your webhook ${agoWords(inbox.webhook_at, now)}.`;
  if (inbox.handshake_at) return `The platform asked for our address ${agoWords(inbox.handshake_at, now)}, and was answered. No webhook has arrived yet.`;
  return "Nothing has arrived yet.";
}

/** What the form says; an empty secret stays as it is, a named one is erased, an empty setting is erased. */
export function wishIn(form: FormData, fields: readonly Wanted[]): Wish {
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  const wish: Wish = { name: text("name"), account: text("account"), settings: {}, secrets: {} };
  for (const { name, secret } of fields) {
    if (!secret) wish.settings[name] = text(name) || null;
    else if (form.get(`erase ${name}`)) wish.secrets[name] = null;
    else if (text(name)) wish.secrets[name] = text(name);
  }
  return wish;
}
