// The console's HTTP calls: signing in and out, lists, people, channels, waits, and what was not delivered.
import type { AgentPart, ConversationFrame } from "../../../bot/widget/src/shared/wire";
import type { Ability, InboxRow } from "./channels";
import type { Customer, CustomerSeen } from "./contacts";
import type { View } from "./desk_state";

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter: number | null,
    /** The field of the form that is wrong, where the service names one. */
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** Somebody's account: who, how much they hold, and whether a console of theirs is open. */
export interface AgentRow {
  agent: AgentPart;
  email: string;
  disabled: boolean;
  here?: boolean;
}
export interface Team {
  team: string;
  members: string[];
  here: number;
  waiting: number;
}
export interface AgentChange {
  skills?: string[];
  languages?: string[];
  teams?: string[];
  capacity?: number;
}
export interface DeadLetter {
  id: number;
  conversation: string;
  inbox: string;
  offset: number;
  author: string;
  text: string;
  why: string;
  tries: number;
  queued_at: string;
  gave_up_at: string;
  overtaken: boolean;
  retried_by?: string | null;
  unknown?: boolean; // it may have arrived
  todo?: string;
}
export interface Outbox {
  queued: number;
  oldest?: string | null;
  dead: number;
  rows: DeadLetter[];
  next?: number | null;
}
export interface WaitFigures {
  waits: number;
  taken: number;
  gave_up: number;
  left_message: number;
  still_waiting: number;
  predicted: number;
  judged: number;
  within_range: number | null;
  median_wait: number | null;
  median_error: number | null;
  median_bias: number | null;
}
export interface WaitsReport {
  days: number;
  time_zone: string;
  complete: boolean;
  all: WaitFigures;
  by_hour: (WaitFigures & { hour: number })[];
}

type Parsed = Record<string, unknown>;

/** The answer of the service, parsed; raises `Refused` for everything that is none. */
export async function call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      credentials: "same-origin",
      headers: { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new Refused(0, "The service cannot be reached. Is it running, and are you online?", null);
  }
  const text = await answer.text();
  const parsed = /^[{[]/.test(text) ? (JSON.parse(text) as Parsed) : {};
  if (answer.ok) return parsed;
  const after = Number(answer.headers.get("retry-after")) || null;
  throw new Refused(answer.status, String(parsed.message ?? `The service answered ${answer.status}.`), after, fieldIn(parsed));
}

/** The desk names a field; the framework names a path such as "body.languages.0". */
function fieldIn(parsed: Parsed): string | null {
  const detail = parsed.detail as { field?: string; problems?: { field: string }[] } | null | undefined;
  if (detail?.field) return detail.field;
  const path = detail?.problems?.[0]?.field.split(".");
  return path?.[0] === "body" ? (path[1] ?? null) : null;
}

function agentIn(answer: unknown): AgentPart {
  const found = answer as { agent?: AgentPart } & AgentPart;
  return found.agent ?? found;
}

export const rest = {
  me: async (): Promise<AgentPart> => agentIn(await call("GET", "me")),
  login: async (email: string, password: string): Promise<AgentPart> => agentIn(await call("POST", "login", { email, password })),
  logout: (): Promise<unknown> => call("POST", "logout"),
  /** Everybody who has an account; admins are told of closed ones too. */
  agents: async (): Promise<AgentRow[]> => (await call("GET", "agents")) as AgentRow[],
  changeAgent: async (id: string, change: AgentChange): Promise<AgentRow> =>
    (await call("PATCH", `agents/${encodeURIComponent(id)}`, change)) as AgentRow,
  teams: async (): Promise<Team[]> => (await call("GET", "teams")) as Team[],
  waits: async (days: number): Promise<WaitsReport> => (await call("GET", `waits/report?days=${days}`)) as WaitsReport,
  outbox: async (before?: number): Promise<Outbox> => (await call("GET", `outbox${before ? `?before=${before}` : ""}`)) as Outbox,
  retryLine: (id: number): Promise<unknown> => call("POST", `outbox/${id}/retry`),
  dropLine: (id: number): Promise<unknown> => call("POST", `outbox/${id}/drop`),
  lineArrived: (id: number): Promise<unknown> => call("POST", `outbox/${id}/arrived`),
  channels: async (): Promise<Ability[]> => ((await call("GET", "channels")) as { channels: Ability[] }).channels,
  inboxes: async (): Promise<InboxRow[]> => {
    const found = (await call("GET", "inboxes")) as InboxRow[] | { inboxes: InboxRow[] };
    return Array.isArray(found) ? found : found.inboxes;
  },
  customer: async (id: string): Promise<CustomerSeen> => (await call("GET", `customers/${encodeURIComponent(id)}`)) as CustomerSeen,
  /** At most twenty customers, by name, e-mail address or id on a platform. */
  findCustomers: async (query: string): Promise<Customer[]> =>
    ((await call("GET", `customers?query=${encodeURIComponent(query)}`)) as { customers: Customer[] }).customers,
  joinCustomers: async (id: string, other: string): Promise<CustomerSeen> =>
    (await call("POST", `customers/${encodeURIComponent(id)}/join`, { with: other })) as CustomerSeen,
  splitCustomer: async (id: string): Promise<CustomerSeen> =>
    (await call("POST", `customers/${encodeURIComponent(id)}/split`)) as CustomerSeen,
  /** One list row, for a conversation that no list has brought yet. */
  row: async (conversation: string): Promise<ConversationFrame> =>
    ((await call("GET", `conversations/${encodeURIComponent(conversation)}`)) as { row: ConversationFrame }).row,
  /** A page of a list, the last changed first; `more` when there are older ones. */
  rows: async (view: View, before?: number): Promise<{ rows: ConversationFrame[]; more: boolean }> => {
    const page = (await call("GET", `conversations?view=${view}${before ? `&before=${before}` : ""}`)) as {
      rows?: ConversationFrame[];
      next?: number | null;
    };
    return { rows: page.rows ?? [], more: Boolean(page.next) };
  },
};
