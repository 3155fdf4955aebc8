// One inbox: whether it is heard, what the platform must be told, what it says, and what may be done with it.
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import { count } from "../../../../bot/widget/src/shared/words";
import type { DeskClient } from "../desk_client";
import { heardWords, stateOf, type ChannelRow, type Inboxes, type KeptInbox, type Said } from "../inboxes";
import { ChannelIcon } from "./channel_icons";
import { Copied } from "./copied";
import { useSeconds } from "./ticking";

const STATES = { live: "Live", paused: "Paused", waiting: "Waiting for the first webhook" };
const MARKS = { live: "bot", paused: "offered", waiting: "" };

interface CardProps {
  client: DeskClient;
  inboxes: Inboxes;
  inbox: KeptInbox;
  channel: ChannelRow;
  change: () => void;
  remove: () => void;
}

export function InboxCard(props: CardProps) {
  const { inboxes, inbox, channel } = props;
  const said = useObserved(inboxes.state).said.get(inbox.id);
  const state = stateOf(inbox);
  const heading = `inbox-${inbox.id}`;
  return (
    <li>
      <article class={state} aria-labelledby={heading}>
        <header>
          <ChannelIcon channel={inbox.channel} size={22} />
          <h3 id={heading} tabIndex={-1} dir="auto">
            {inbox.name}
          </h3>
          {channel.experimental && <span class="mark offered">experimental</span>}
          <span role="status" class={`mark ${MARKS[state]}`}>
            {STATES[state]}
          </span>
          <p class="by" dir="auto">
            {channel.title} · {channel.account.label} {inbox.account}
          </p>
        </header>
        {inbox.paused_why && (
          <p class="overtaken" dir="auto">
            {inbox.paused_why} Nothing is sent; what arrives is kept.
          </p>
        )}
        <Heard inbox={inbox} />
        <Lines inbox={inbox} />
        <Told inbox={inbox} channel={channel} />
        {inbox.webhook_url.startsWith("http:") && (
          <p class="hint">Platforms send webhooks to https addresses only: set PUBLIC_URL to the one by which others reach this service.</p>
        )}
        <Deeds {...props} />
        <div role="status">{said && <Answers said={said} title={channel.title} />}</div>
      </article>
    </li>
  );
}

/** The live check. It counts for the eyes; who is read to hears when the state above changes. */
function Heard({ inbox }: { inbox: KeptInbox }) {
  return <p class={inbox.webhook_at ? "heard" : "heard not-yet"}>{heardWords(inbox, useSeconds())}</p>;
}

function Lines({ inbox }: { inbox: KeptInbox }) {
  const { queued, not_delivered: lost } = inbox;
  if (!queued && !lost) return null;
  return (
    <p class="by">
      {queued > 0 && `${count(queued, "line")} on the way. `}
      {lost > 0 && <a href="#undelivered">{count(lost, "line")} not delivered</a>}
    </p>
  );
}

function Told({ inbox, channel }: { inbox: KeptInbox; channel: ChannelRow }) {
  const words = channel.fields.map(({ name, label, secret, required }) => {
    const there = secret ? inbox.secrets[name] === "set" : Boolean(inbox.settings[name]);
    const value = there ? (secret ? "set" : inbox.settings[name]) : required ? "missing" : "not set";
    return { name, label, value, lacks: required && !there };
  });
  return (
    <dl class="told">
      <Copied label="Webhook address" value={inbox.webhook_url} of={inbox.name} />
      <Copied label="Verify token" value={inbox.verify_token} of={inbox.name} hint="for platforms that ask for one" />
      {words.map(({ name, label, value, lacks }) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd class={lacks ? "lacks" : ""} dir="auto">
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Deeds({ client, inboxes, inbox, channel, change, remove }: CardProps) {
  const busy = useObserved(inboxes.state).busy.has(inbox.id);
  // Not `disabled`: that would take the focus from whoever has just pressed it with a key.
  const button = (words: string, deed: () => void, look = "quiet") => (
    <button type="button" class={`${look} small`} aria-disabled={busy} aria-label={`${words}: ${inbox.name}`} onClick={() => busy || deed()}>
      {words}
    </button>
  );
  const pause = () => void inboxes.pause(inbox.id).then((done) => done && client.tell(`${inbox.name}: paused. Nothing is sent until it is resumed.`));
  const resume = () => void inboxes.resume(inbox.id).then((done) => done && client.tell(`${inbox.name}: what waits is sent now, in order.`));
  return (
    <div class="deeds">
      {button("Check access", () => void inboxes.check(inbox.id))}
      {button(`Set up ${channel.title}`, () => void inboxes.prepare(inbox.id))}
      {button("Change", change)}
      {inbox.paused_why ? button("Resume", resume, "solid") : button("Pause", pause)}
      {button("Remove", remove)}
    </div>
  );
}

function Answers({ said, title }: { said: readonly Said[]; title: string }) {
  if (!said.length) return <p class="answer">There is nothing to set up at {title} from here: its own pages do it, with the address above.</p>;
  return (
    <ul class="said-by">
      {said.map(({ ok, what, words, todo }, number) => (
        <li key={number} class={ok ? "answer good" : "answer bad"}>
          <p>
            <span aria-hidden="true">{ok ? "✓ " : "✗ "}</span>
            <span class="unseen">{ok ? "Worked: " : "Did not work: "}</span>
            <strong>{what}.</strong>{" "}
            <span dir="auto">{words}</span>
          </p>
          {todo && <p class="todo">What to do: {todo}</p>}
        </li>
      ))}
    </ul>
  );
}
