// The bar above everything: who I am, whether I am there, the state of the line, and the way out.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { AvailabilityState } from "../../../../bot/widget/src/shared/wire";
import { SpeechIcon } from "../../../../bot/widget/src/view/icons";
import type { DeskClient } from "../desk_client";
import type { DeskState } from "../desk_state";
import { mayAsk } from "./notifications";

interface TopProps {
  client: DeskClient;
  desk: DeskState;
  leave: () => void;
  sound: boolean;
  setSound: (on: boolean) => void;
  showKeys: () => void;
  children: ComponentChildren; // the way to the pages
}

export function Top({ client, desk, leave, sound, setSound, showKeys, children }: TopProps) {
  const [asking, setAsking] = useState(mayAsk);
  return (
    <header class="top">
      <h1>
        <SpeechIcon size={22} /> <span class="brand">Switchboard</span>
      </h1>
      {children}
      <div role="status" class="line-state">
        {desk.link === "lost" && <p class="lost">Connection lost. Trying to reconnect; what you write is kept.</p>}
      </div>
      <div class="self">
        <Availability client={client} state={desk.me?.availability ?? "offline"} connected={desk.link === "open" || desk.link === "away"} />
        <OwnLoad client={client} desk={desk} />
        <span class="name">{desk.me?.name}</span>
        {asking && (
          <button type="button" class="quiet small wide-only" onClick={() => void Notification.requestPermission().then(() => setAsking(false))}>
            Notify me
          </button>
        )}
        <button type="button" class="quiet small wide-only" onClick={() => setSound(!sound)}>
          Sound: {sound ? "on" : "off"}
        </button>
        <button type="button" class="quiet small wide-only" onClick={showKeys}>
          Keys <kbd>?</kbd>
        </button>
        <button type="button" class="quiet small" onClick={leave}>
          Sign out
        </button>
      </div>
    </header>
  );
}

/** Slots I hold of those I have; full means that no more offers ring here. */
function OwnLoad({ client, desk }: { client: DeskClient; desk: DeskState }) {
  const mine = useObserved(client.people).get(desk.me?.id ?? "")?.agent;
  if (!mine || typeof mine.held !== "number") return null;
  const full = mine.held >= mine.capacity;
  return (
    <span class={`own-load${full ? " full" : ""}`} title={full ? "You have no room: no more offers ring here" : "Slots you hold"}>
      <span class="unseen">You hold </span>
      {mine.held}
      <span aria-hidden="true">/</span>
      <span class="unseen"> of </span>
      {mine.capacity}
      <span class="wide-only"> slots</span>
    </span>
  );
}

function Availability({ client, state, connected }: { client: DeskClient; state: AvailabilityState; connected: boolean }) {
  return (
    <label class={`availability ${state}`}>
      <span class="unseen">Availability</span>
      <select
        value={state}
        disabled={!connected}
        onChange={(event) => {
          const wished = event.currentTarget.value as AvailabilityState;
          client.send({ type: "availability", state: wished });
          client.desk.update((now) => ({ ...now, me: now.me && { ...now.me, availability: wished } }));
        }}
      >
        <option value="online">Online</option>
        <option value="busy">Busy</option>
        <option value="offline">Offline</option>
      </select>
    </label>
  );
}
