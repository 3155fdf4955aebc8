// Lines that no channel took, or that may have arrived: why, what was said since, and the two ways on.
import { useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import { count, timeOf } from "../../../../bot/widget/src/shared/words";
import type { DeskClient } from "../desk_client";
import { go } from "../place";
import { nameOf } from "../reasons";
import type { DeadLetter, Outbox } from "../rest";
import type { UndeliveredLines } from "../undelivered";
import { Foot, Modal } from "./modal";
import { PageFrame } from "./page_frame";
import { useAskedAgain } from "./ticking";

const AGAIN = 30; // seconds
const WROTE: Record<string, string> = { bot: "the bot", agent: "an agent", system: "the desk", customer: "the customer" };

interface PageProps {
  client: DeskClient;
  lines: UndeliveredLines;
}

export function UndeliveredPage({ client, lines }: PageProps) {
  const { outbox, problem, busy } = useObserved(lines.state);
  const [doomed, doom] = useState<DeadLetter | null>(null);
  useAskedAgain(() => void lines.refresh(), AGAIN);
  const arrived = (letter: DeadLetter): void => {
    lines.arrived(letter).then((done) => done && client.tell("Noted. What waited behind it is sent now."));
  };
  const retry = (letter: DeadLetter): void => {
    lines.retry(letter).then((done) => done && client.tell("It is being sent again. If it fails once more, it comes back here."));
  };
  return (
    <PageFrame title="Not delivered" says={outbox ? summary(outbox) : ""} problem={problem} again={() => void lines.refresh()}>
      {!outbox && !problem && <p role="status">Loading…</p>}
      {outbox && !outbox.rows.length && <p class="none">Everything that was said has been delivered.</p>}
      <ul class="letters">
        {outbox?.rows.map((letter) => (
          <Letter key={letter.id} client={client} letter={letter} busy={busy.has(letter.id)} retry={retry} arrived={arrived} doom={doom} />
        ))}
      </ul>
      {outbox?.next && (
        <button type="button" class="quiet small older" onClick={() => void lines.older()}>
          Show older
        </button>
      )}
      {doomed && <GiveUp letter={doomed} close={() => doom(null)} sure={() => void lines.giveUp(doomed).then((done) => done && client.tell("Given up. It will not be sent."))} />}
    </PageFrame>
  );
}

function summary({ dead, queued, oldest, rows }: Outbox): string {
  const waits = queued ? ` ${count(queued, "line")} on the way${oldest ? `, the oldest since ${timeOf(oldest)}` : ""}.` : "";
  const doubt = rows.some((row) => row.unknown) ? ", or may have been" : "";
  return `${count(dead, "line")} could not be delivered${doubt}.${waits}`;
}

interface LetterProps {
  client: DeskClient;
  letter: DeadLetter;
  busy: boolean;
  retry: (letter: DeadLetter) => void;
  arrived: (letter: DeadLetter) => void;
  doom: (letter: DeadLetter) => void;
}

function Letter({ client, letter, busy, retry, arrived, doom }: LetterProps) {
  const row = useObserved(client.desk).rows.get(letter.conversation);
  const inbox = useObserved(client.channels.state).inboxes.get(letter.inbox)?.name ?? letter.inbox;
  const whom = row ? nameOf(row) : "a customer";
  const look = (event: MouseEvent): void => {
    event.preventDefault();
    client.visit(letter.conversation);
    go("desk");
  };
  return (
    <li>
      <article aria-label={letter.unknown ? `It may have arrived at ${whom}` : `Not delivered to ${whom}`}>
        <p class="first">
          <a href="#" onClick={look} dir="auto">
            To {whom}
          </a>
          <time dateTime={letter.gave_up_at}>{timeOf(letter.gave_up_at)}</time>
        </p>
        <p class="said" dir="auto">
          {letter.text}
        </p>
        <p class="by" dir="auto">
          By {WROTE[letter.author] ?? letter.author}, over {inbox}. {count(letter.tries, "try", "tries")}: {letter.why || "no reason given"}
          {letter.retried_by && ` Last tried again by ${client.nameOfAgent(letter.retried_by)}.`}
        </p>
        {letter.unknown && <p class="doubt">It may have arrived. Later lines of this conversation wait until you say.</p>}
        {letter.todo && (
          <p class="todo" dir="auto">
            {letter.todo}
          </p>
        )}
        {letter.overtaken && <p class="overtaken">Later lines of this conversation were delivered. Sent now, this one arrives out of order.</p>}
        <div class="answers">
          <button type="button" class={`${letter.unknown ? "quiet" : "solid"} small`} disabled={busy} onClick={() => retry(letter)}>
            {busy ? "Working…" : letter.unknown ? "Send again" : "Try again"}
          </button>
          <button type="button" class="quiet small" disabled={busy} onClick={() => (letter.unknown ? arrived : doom)(letter)}>
            {letter.unknown ? "It arrived" : "Give up"}
          </button>
        </div>
      </article>
    </li>
  );
}

function GiveUp({ letter, close, sure }: { letter: DeadLetter; close: () => void; sure: () => void }) {
  return (
    <Modal title="Give this line up?" close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sure();
          close();
        }}
      >
        <p class="said" dir="auto">
          {letter.text}
        </p>
        <p>The customer will not get it, and it cannot be brought back here. It stays in the conversation's record.</p>
        <Foot close={close} does="Give up" />
      </form>
    </Modal>
  );
}
