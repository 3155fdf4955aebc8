import { describe, expect, it } from "vitest";
import { followPlace, go, placeIn } from "./place";

describe("the page that is shown", () => {
  it("is named by the address, and the desk for everything else", () => {
    expect(["", "#", "#team", "#waits", "#undelivered", "#<b>"].map(placeIn)).toEqual(["desk", "desk", "team", "waits", "undelivered", "desk"]);
  });

  it("follows the address until nobody looks", () => {
    const { place, stop } = followPlace();
    go("team");
    dispatchEvent(new Event("hashchange"));
    expect(place.value).toBe("team");
    stop();
    go("desk");
    dispatchEvent(new Event("hashchange"));
    expect(place.value).toBe("team");
  });
});
