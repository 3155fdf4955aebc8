// How an agent who looks elsewhere learns of a new offer or an answer: a desktop notice when allowed, a sound when wished.
import { useEffect, useRef, useState } from "preact/hooks";
import { listed, unanswered, type DeskState } from "../desk_state";
import { nameOf, reasonWords } from "../reasons";

const KEY = "switchboard:sound";

/** Whether offers ring on this machine; off until the agent wishes it. */
export function useSound(): [boolean, (on: boolean) => void] {
  const [on, set] = useState(() => {
    try {
      return localStorage.getItem(KEY) === "on";
    } catch {
      return false;
    }
  });
  const choose = (wished: boolean): void => {
    set(wished);
    try {
      localStorage.setItem(KEY, wished ? "on" : "off");
    } catch {
      // Forgotten with the page, then.
    }
    if (wished) ring();
  };
  return [on, choose];
}

/** Two soft notes; made here, so that no sound file is fetched. */
function ring(): void {
  const audio = new AudioContext();
  [660, 880].forEach((pitch, i) => {
    const note = audio.createOscillator();
    const loudness = audio.createGain();
    const start = audio.currentTime + i * 0.16;
    note.frequency.value = pitch;
    loudness.gain.setValueAtTime(0.12, start);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    note.connect(loudness).connect(audio.destination);
    note.start(start);
    note.stop(start + 0.32);
    if (i) note.onended = () => void audio.close();
  });
}

export function useNotifications(desk: DeskState, sound: boolean): void {
  const before = useRef<{ offers: ReadonlySet<string>; answers: number } | null>(null);
  const rows = listed(desk, "offers");
  const answers = unanswered(desk);
  useEffect(() => {
    const known = before.current;
    before.current = { offers: new Set(rows.map((row) => row.conversation)), answers };
    const fresh = rows.find((row) => known && !known.offers.has(row.conversation));
    if (!known || (!fresh && answers <= known.answers)) return;
    if (sound) ring();
    if (document.visibilityState === "visible") return;
    const words = fresh ? `${nameOf(fresh)}: ${reasonWords(fresh.reason)}` : "A customer has answered you.";
    show(fresh ? "A customer is waiting" : "Switchboard", words);
  }, [rows.map((row) => row.conversation).join(), answers]);
}

function show(title: string, body: string): void {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  // One tag: several screens of one agent replace each other's notice instead of stacking them.
  const notice = new Notification(title, { body, tag: "switchboard-waiting" });
  notice.onclick = () => window.focus();
}

export function mayAsk(): boolean {
  return typeof Notification !== "undefined" && Notification.permission === "default";
}
