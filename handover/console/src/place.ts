// Which of the console's pages is shown: named in the address, so that a reload and the browser's back key keep it.
import { Observed } from "../../../bot/widget/src/shared/observed";

export type Place = "desk" | "team" | "waits" | "undelivered" | "inboxes";
const PLACES: readonly Place[] = ["desk", "team", "waits", "undelivered", "inboxes"];

export function placeIn(hash: string): Place {
  const named = hash.replace(/^#/, "") as Place;
  return PLACES.includes(named) ? named : "desk";
}

/** The page the address names now; it follows the address. Call `stop` when nobody looks any more. */
export function followPlace(): { place: Observed<Place>; stop: () => void } {
  const place = new Observed(placeIn(location.hash));
  const moved = (): void => place.set(placeIn(location.hash));
  addEventListener("hashchange", moved);
  return { place, stop: () => removeEventListener("hashchange", moved) };
}

export function go(place: Place): void {
  location.hash = place === "desk" ? "" : place;
}
