// What platforms add to the agents' frames, as TypeScript types: the mirror of handover/mark_frames.py and TemplatePart.

export type DeliveryState = "queued" | "sent" | "unknown" | "delivered" | "read" | "failed";
export interface MediaPart {
  id: string;
  kind: string;
  state: "waiting" | "here" | "refused" | "failed";
  name?: string | null;
  media_type?: string | null;
  size?: number | null;
  why?: string | null;
}
export interface EntryMarkFrame {
  type: "entry_mark";
  conversation: string;
  offset: number;
  version: number;
  edited_at?: string | null;
  deleted?: boolean;
  text?: string | null;
  html?: string | null;
  reactions?: [who: string, emoji: string][];
  delivery?: DeliveryState | null;
  note?: string | null;
  todo?: string | null;
  sent_at?: string | null;
  late?: boolean;
  reply_to?: number | null;
  media?: MediaPart[];
}
export interface TemplatePart {
  name: string;
  language: string;
  parameters?: string[];
}
