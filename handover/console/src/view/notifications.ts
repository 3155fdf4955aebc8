// A desktop notification for a new offer or a customer's answer, when the agent has allowed it and looks elsewhere.
import { useEffect, useRef } from "preact/hooks";
import { listed, unanswered, type DeskState } from "../desk_state";

export function useNotifications(desk: DeskState): void {
  const before = useRef<number | null>(null);
  const now = listed(desk, "offers").length + unanswered(desk);
  useEffect(() => {
    const more = before.current !== null && now > before.current;
    before.current = now;
    if (!more || document.visibilityState === "visible") return;
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
    // One tag: several screens of one agent replace each other's notice instead of stacking them.
    new Notification("Switchboard", { body: "A customer is waiting for you.", tag: "switchboard-waiting" });
  }, [now]);
}

export function mayAsk(): boolean {
  return typeof Notification !== "undefined" && Notification.permission === "default";
}
