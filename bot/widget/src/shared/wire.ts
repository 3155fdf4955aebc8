// The frames of both sockets as TypeScript types: the mirror of handover/frames.py, bot/frames.py and
// handover/agent_frames.py. The Python models are the authority; a field here never exists only here.
import type { EntryMarkFrame, TemplatePart } from "./wire_marks";

export type Control = "bot" | "offered" | "human" | "nobody";
export type Lifecycle = "active" | "snoozed" | "resolved";
export type AuthorKind = "customer" | "bot" | "agent" | "system";
export type AvailabilityState = "online" | "busy" | "offline";

export interface AuthorPart {
  kind: AuthorKind;
  name: string;
}
export interface ButtonPart {
  title: string;
  payload: string;
}
export interface CitationPart {
  title: string;
  url: string;
}
export interface EntryFrame {
  type: "entry";
  offset: number;
  author: AuthorPart;
  kind: "message" | "notice";
  text: string;
  at: string;
  html?: string | null;
  buttons?: ButtonPart[];
  citations?: CitationPart[];
  client_id?: string | null;
  conversation?: string | null;
}
export interface WaitingPart {
  desk_open: boolean;
  since: string;
  position?: number | null;
  wait_low?: number | null;
  wait_high?: number | null;
  opens_at?: string | null;
}
export interface ControlFrame {
  type: "control";
  control: Control;
  epoch: number;
  lifecycle?: Lifecycle;
  notice?: string | null;
  agent?: string | null;
  waiting?: WaitingPart | null;
  conversation?: string | null;
}
export interface DeltaFrame {
  type: "delta";
  turn: string;
  text: string;
  conversation?: string | null;
}
export interface TypingFrame {
  type: "typing";
  author: AuthorPart;
  on?: boolean;
  conversation?: string | null;
}
export interface HeartbeatFrame {
  type: "heartbeat";
  feed?: number | null;
}
export interface ErrorFrame {
  type: "error";
  code: string;
  message: string;
  detail?: Record<string, unknown> | null;
  retry_after?: number | null;
  client_id?: string | null;
  conversation?: string | null;
  missed?: EntryFrame[] | null;
}

// ---- the customer's socket

export interface AssistantPart {
  name: string;
  company: string;
  disclosure: string;
}
export interface CustomerWelcome {
  type: "welcome";
  token: string;
  conversation: string;
  control: Control;
  lifecycle: Lifecycle;
  offset: number;
  epoch: number;
  assistant: AssistantPart;
  agent?: string | null;
  seen?: number;
  rated?: number[];
}
export type CustomerReceives =
  | CustomerWelcome
  | EntryFrame
  | DeltaFrame
  | TypingFrame
  | ControlFrame
  | HeartbeatFrame
  | ErrorFrame;

export type CustomerSends =
  | { type: "hello"; token?: string; conversation?: string; after?: number }
  | { type: "say"; client_id: string; text: string; payload?: string }
  | { type: "ask_for_human"; client_id: string }
  | { type: "stop_waiting"; client_id: string }
  | { type: "leave_message"; client_id: string; email: string; text?: string }
  | { type: "typing" }
  | { type: "seen"; offset: number }
  | { type: "rate"; stretch: number; score: number; comment?: string };

// ---- the agents' socket

export interface AgentPart {
  id: string;
  name: string;
  role: "admin" | "lead" | "agent";
  availability: AvailabilityState;
  capacity: number;
  held?: number | null;
  skills?: string[] | null;
  languages?: string[] | null;
  teams?: string[] | null;
}
export interface AgentWelcome {
  type: "welcome";
  agent: AgentPart;
  feed: number;
}
export interface CustomerPart {
  id: string;
  name?: string | null;
  email?: string | null;
  profile?: Record<string, string>;
  contact?: string | null; // the same for customers whom an agent joined
  blocked?: boolean; // nothing reaches them in this inbox
}
export interface LastEntryPart {
  offset: number;
  author: AuthorKind;
  text: string;
  at: string;
}
export interface ConversationFrame {
  type: "conversation";
  conversation: string;
  inbox: string;
  lifecycle: Lifecycle;
  control: Control;
  epoch: number;
  customer: CustomerPart;
  feed: number;
  agent?: AgentPart | null;
  reason?: string | null;
  waiting_since?: string | null;
  changed_at: string;
  last_entry?: LastEntryPart | null;
  rating?: number | null;
  team?: string | null;
  needs?: string[] | null;
  reply_due?: string | null;
  channel?: string;
  external?: boolean;
  customer_at?: string | null;
}
/** Rows that changed quietly, gathered for a tenth of a second. */
export interface ConversationsFrame {
  type: "conversations";
  rows: ConversationFrame[];
}
/** handover.packet.Packet as JSON; every field may be missing, a newer service may add some. */
export interface Packet {
  version?: number;
  reason?: string;
  because?: string;
  evidence?: { offset: number; text: string }[];
  goal?: string | null;
  facts?: { name: string; value: string; said_by?: string; offset?: number | null }[];
  tried?: { offset: number; text: string }[];
  retrieved?: { title: string; url?: string; score?: number }[];
  promises?: { by: string; text: string; offset?: number | null }[];
  language?: string | null;
  identity?: string | null;
  suggested_reply?: string | null;
  summary?: string | null;
  hand_backs?: {
    agent: string;
    outcome: string;
    open_promises?: string[];
    leave_alone?: string | null;
    at?: string;
  }[];
}
export interface OfferFrame {
  type: "offer";
  conversation: string;
  epoch: number;
  packet: Packet;
  expires_at: string;
  overdue?: boolean;
  to?: string | null;
  feed: number;
  deadline: string;
  weight: number;
  needs?: string[];
  language?: string | null;
  team?: string | null;
  round?: number;
  escalated?: boolean;
}
export interface OfferGone {
  type: "offer_gone";
  conversation: string;
  taken_by?: string | null;
  feed: number;
}
export interface PacketFrame {
  type: "packet";
  conversation: string;
  epoch: number;
  packet: Packet;
}
export interface NoteFrame {
  type: "note";
  conversation: string;
  id: string;
  author: AgentPart;
  text: string;
  at: string;
  after_offset: number;
  client_id?: string | null;
}
export interface DraftFrame {
  type: "draft";
  conversation: string;
  text: string;
  citations?: CitationPart[];
  origin?: "suggestion" | "late_reply" | "rewrite";
  at: string;
}
export interface PresenceFrame {
  type: "presence";
  conversation: string;
  viewing?: string[];
  typing?: string[];
}
export type AgentReceives =
  | AgentWelcome
  | OfferFrame
  | OfferGone
  | ConversationFrame
  | ConversationsFrame
  | EntryFrame
  | ControlFrame
  | DeltaFrame
  | TypingFrame
  | PacketFrame
  | NoteFrame
  | DraftFrame
  | EntryMarkFrame
  | PresenceFrame
  | HeartbeatFrame
  | ErrorFrame;

export type AgentSends =
  | { type: "hello"; after?: number }
  | { type: "availability"; state: AvailabilityState }
  | { type: "open"; conversation: string; after?: number }
  | { type: "close"; conversation: string }
  | { type: "accept"; conversation: string; epoch: number }
  | { type: "decline"; conversation: string; reason?: string }
  | { type: "take"; conversation: string; epoch: number }
  | { type: "say"; conversation: string; client_id: string; text: string; seen: number; template?: TemplatePart }
  | { type: "note"; conversation: string; text: string; client_id?: string }
  | {
      type: "hand_back";
      conversation: string;
      epoch: number;
      outcome: string;
      open_promises?: string[];
      leave_alone?: string;
    }
  | { type: "resolve"; conversation: string; epoch?: number }
  | { type: "snooze"; conversation: string; epoch?: number; until?: string }
  | { type: "transfer"; conversation: string; epoch: number; to?: string; team?: string }
  | { type: "typing"; conversation: string }
  | { type: "suggest"; conversation: string };
