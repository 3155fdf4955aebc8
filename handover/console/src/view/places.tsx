// The way between the console's pages, with what waits on each.
import type { AgentPart } from "../../../../bot/widget/src/shared/wire";
import type { Place } from "../place";

interface PlacesProps {
  place: Place;
  role: AgentPart["role"] | undefined;
  offers: number;
  dead: number;
}

export function Places({ place, role, offers, dead }: PlacesProps) {
  const leads = role === "admin" || role === "lead";
  const to = (where: Place, name: string, number = 0, one = "", many = "") => (
    <a href={where === "desk" ? "#" : `#${where}`} aria-current={place === where ? "page" : undefined}>
      {name}
      {number > 0 && (
        <b>
          {number}
          <span class="unseen"> {number === 1 ? one : many}</span>
        </b>
      )}
    </a>
  );
  return (
    <nav class="places" aria-label="Pages">
      {to("desk", "Desk", place === "desk" ? 0 : offers, "offer", "offers")}
      {to("team", "Team")}
      {leads && to("waits", "Waits")}
      {to("undelivered", "Not delivered", dead, "line", "lines")}
      {role === "admin" && to("inboxes", "Inboxes")}
    </nav>
  );
}
