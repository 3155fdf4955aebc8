// While no person has come yet: what is true about the wait, and the three ways on.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../client";
import type { WaitingPart } from "../shared/wire";
import type { Talk } from "../talk";
import { waitingWords, worthReading, type ReadOut } from "../waiting_words";
import { ClockIcon } from "./icons";

function useClock(every: number): number {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function Waiting({ client, talk }: { client: Client; talk: Talk }) {
  const [leaving, setLeaving] = useState(false);
  const now = useClock(15_000);
  const closed = talk.waiting?.desk_open === false;
  const [news, more] = waitingWords(talk.waiting, Math.max(now, Date.now()));
  return (
    <>
      <section class="card waiting" aria-label="Waiting for a person">
        <p class="lead">
          <ClockIcon size={18} />
          <span>
            <strong>{news}</strong> {more}{" "}
            {closed ? "Leave a message, or keep this open and wait." : "Anything you write meanwhile will be read."}
          </span>
        </p>
        {leaving ? (
          <LeaveMessage client={client} cancel={() => setLeaving(false)} />
        ) : (
          <WaysOn client={client} talk={talk} closed={closed} leave={() => setLeaving(true)} />
        )}
      </section>
      <ReadAloud waiting={talk.waiting} words={`${news} ${more}`} now={now} />
    </>
  );
}

/** For screen readers: the news of the wait, when it is some; the minutes that pass are not. */
function ReadAloud({ waiting, words, now }: { waiting: WaitingPart | null; words: string; now: number }) {
  const [said, say] = useState("");
  const before = useRef<ReadOut | null>(null);
  useEffect(() => {
    const fresh = waiting && worthReading(waiting, before.current, Date.now());
    if (!fresh) return;
    before.current = fresh;
    say(words.trim());
  }, [waiting, now]);
  useEffect(() => {
    const timer = said ? setTimeout(() => say(""), 5_000) : undefined; // what is old must not be found here
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <p class="unseen" aria-live="polite" data-part="wait-announcer">
      {said}
    </p>
  );
}

function WaysOn({ client, talk, closed, leave }: { client: Client; talk: Talk; closed: boolean; leave: () => void }) {
  return (
    <div class="ways">
      {closed && (
        <button type="button" class="solid" onClick={leave}>
          Leave a message
        </button>
      )}
      <button type="button" class="quiet" onClick={() => client.stopWaiting()}>
        Go on with {talk.assistant?.name ?? "the assistant"}
      </button>
      {!closed && (
        <button type="button" class="quiet" onClick={leave}>
          Leave a message
        </button>
      )}
    </div>
  );
}

function LeaveMessage({ client, cancel }: { client: Client; cancel: () => void }) {
  const [email, setEmail] = useState("");
  const [text, setText] = useState("");
  return (
    <form
      class="leave"
      onSubmit={(event) => {
        event.preventDefault();
        client.leaveMessage(email.trim(), text.trim());
        cancel();
      }}
    >
      <EmailField email={email} write={setEmail} />
      <label>
        Message <span class="aside">(optional; everything above is kept)</span>
        <textarea rows={2} maxLength={8000} dir="auto" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <div class="ways">
        <button type="submit" class="solid">
          Send message
        </button>
        <button type="button" class="quiet" onClick={cancel}>
          Keep waiting
        </button>
      </div>
    </form>
  );
}

/** Has the focus once, when it appears. */
function EmailField({ email, write }: { email: string; write: (email: string) => void }) {
  return (
    <label>
      Your e-mail address
      <input
        type="email"
        required
        maxLength={254}
        autocomplete="email"
        value={email}
        ref={(field: HTMLInputElement | null) => {
          if (field && !field.dataset.met) {
            field.dataset.met = "yes";
            field.focus();
          }
        }}
        onInput={(event) => write(event.currentTarget.value)}
      />
    </label>
  );
}
