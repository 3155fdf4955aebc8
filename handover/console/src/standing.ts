// How somebody at the desk stands, in words, and who comes first where a colleague is chosen.
import type { AgentPart } from "../../../bot/widget/src/shared/wire";
import type { AgentRow } from "./rest";

/** "5 of 8 slots"; capacity alone where nobody has said what is held. */
export function loadWords({ held, capacity }: Pick<AgentPart, "held" | "capacity">): string {
  return typeof held === "number" ? `${held} of ${capacity} slots` : `${capacity} slots`;
}

/** What an agent chose, and whether a console of theirs is open: two things, said apart. */
export function presenceWords({ agent, here, disabled }: AgentRow): string {
  if (disabled) return "Account closed";
  const chose = { online: "Online", busy: "Busy", offline: "Offline" }[agent.availability];
  return here || agent.availability === "offline" ? chose : `${chose}, but no console open`;
}

/** Whether something passed on to them would ring anywhere now. */
export function isThere({ agent, here, disabled }: AgentRow): boolean {
  return !disabled && Boolean(here) && agent.availability !== "offline";
}

const order = (row: AgentRow): number => (!isThere(row) ? 2 : row.agent.availability === "busy" ? 1 : 0);
const share = ({ agent }: AgentRow): number => (agent.held ?? 0) / agent.capacity;

/** Those who could take it first: there before away, online before busy, the less loaded first, then by name. */
export function byReach(rows: readonly AgentRow[]): AgentRow[] {
  return [...rows].sort((a, b) => order(a) - order(b) || share(a) - share(b) || a.agent.name.localeCompare(b.agent.name));
}

/** Whether every word typed is somewhere in what is known of them. */
export function matches({ agent }: AgentRow, typed: string): boolean {
  const known = [agent.name, ...(agent.skills ?? []), ...(agent.languages ?? []), ...(agent.teams ?? [])].join(" ").toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => known.includes(word));
}
