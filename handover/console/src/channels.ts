// What each channel can do and how each inbox is called, asked of the service; names stand here for when it is silent.
import { Observed } from "../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../bot/widget/src/shared/wire";
import { rest } from "./rest";

/** A row of `GET /api/v1/channels`: what the console goes by. Windows are in seconds; null where there is none. */
export interface Ability {
  name: string;
  title: string;
  limit: number;
  unit: string; // characters, utf16 or bytes
  window_seconds: number | null;
  human_window_seconds: number | null;
  templates: boolean;
  experimental: boolean;
}

/** A row of `GET /api/v1/inboxes`, as every agent gets it. */
export interface InboxRow {
  id: string;
  channel: string;
  name: string;
  paused_why?: string | null;
}

export interface Channels {
  abilities: ReadonlyMap<string, Ability>;
  inboxes: ReadonlyMap<string, InboxRow>;
}

const NAMES: Record<string, string> = {
  web: "Website",
  messenger: "Messenger",
  instagram: "Instagram",
  whatsapp: "WhatsApp",
  telegram: "Telegram",
  x: "X",
  line: "LINE",
};

/** "whatsapp" of "whatsapp.4f2a9c01": the part before the dot, as in handover/inboxes.py. */
export function channelOf(row: Pick<ConversationFrame, "inbox" | "channel"> | undefined): string {
  return row?.channel ?? row?.inbox.split(".")[0] ?? "web";
}

/** What people call it: the short names we know, the title of a channel that is newer than this page, or its id. */
export function channelName(channel: string, ability?: Ability): string {
  return NAMES[channel] ?? ability?.title ?? channel;
}

type Calls = Pick<typeof rest, "channels" | "inboxes">;

export class ChannelBook {
  readonly state = new Observed<Channels>({ abilities: new Map(), inboxes: new Map() });

  constructor(private readonly calls: Calls = rest) {}

  /** What cannot be had stays as it was: without it a conversation is shown with less beside it. */
  async refresh(): Promise<void> {
    const [abilities, inboxes] = await Promise.allSettled([this.calls.channels(), this.calls.inboxes()]);
    this.state.update((now) => ({
      abilities: abilities.status === "fulfilled" ? new Map(abilities.value.map((one) => [one.name, one])) : now.abilities,
      inboxes: inboxes.status === "fulfilled" ? new Map(inboxes.value.map((one) => [one.id, one])) : now.inboxes,
    }));
  }

  ability(channel: string): Ability | undefined {
    return this.state.value.abilities.get(channel);
  }

  inbox(id: string): InboxRow | undefined {
    return this.state.value.inboxes.get(id);
  }
}
