// The open widget: who speaks now, the history, the wait, the rating and the composer.
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { Client } from "../client";
import type { Talk } from "../talk";
import { Composer } from "./composer";
import { BotIcon, ClockIcon, CloseIcon, PersonIcon } from "./icons";
import { Log } from "./log";
import { Rating } from "./rating";
import { Waiting } from "./waiting";

interface PanelProps {
  client: Client;
  talk: Talk;
  close: () => void;
  field: RefObject<HTMLTextAreaElement | null>;
}

export function Panel({ client, talk, close, field }: PanelProps) {
  const last = talk.log.entries.at(-1)?.offset ?? 0;
  useEffect(() => {
    const read = (): void => void (document.visibilityState === "visible" && client.markSeen());
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [last]);
  const { ended } = talk;
  return (
    <>
      <Header talk={talk} close={close} />
      <WhoSpeaks client={client} talk={talk} />
      <Banner client={client} talk={talk} />
      {talk.assistant || talk.log.entries.length ? (
        <Log client={client} talk={talk}>
          {ended && <Rating key={ended.stretch} client={client} ended={ended} given={talk.rated.includes(ended.stretch)} />}
        </Log>
      ) : (
        <Loading lost={talk.link === "lost"} />
      )}
      {talk.control === "offered" && <Waiting client={client} talk={talk} />}
      <Composer client={client} talk={talk} field={field} />
    </>
  );
}

function Header({ talk, close }: { talk: Talk; close: () => void }) {
  const { assistant } = talk;
  return (
    <div class="head">
      <div>
        <h2 id="title">{assistant ? `Help from ${assistant.company}` : "Help"}</h2>
        <p class="disclosure">
          {talk.control === "human"
            ? "A person from our team is answering you now."
            : (assistant?.disclosure ?? "You will be talking to an automated assistant.")}
        </p>
      </div>
      <button type="button" class="icon" aria-label="Minimise" onClick={close}>
        <CloseIcon />
      </button>
    </div>
  );
}

function WhoSpeaks({ client, talk }: { client: Client; talk: Talk }) {
  const assistant = talk.assistant?.name ?? "The assistant";
  const asked = talk.unsent.some((one) => one.frame.type === "ask_for_human" && !one.refused);
  const [icon, words, kind] =
    talk.lifecycle === "resolved"
      ? [<BotIcon />, <><strong>Closed</strong> <span class="aside">Write to open it again</span></>, "nobody"]
      : talk.control === "human"
        ? [<PersonIcon />, <><strong>{talk.agent ?? "A person"}</strong> is with you</>, "human"]
        : talk.control === "offered"
          ? [<ClockIcon />, <><strong>Waiting for a person</strong></>, "offered"]
          : talk.control === "nobody"
            ? [<ClockIcon />, <><strong>Message left</strong> <span class="aside">We answer by e-mail</span></>, "nobody"]
            : [<BotIcon />, <><strong>{assistant}</strong> <span class="aside">automated assistant</span></>, "bot"];
  return (
    <div class={`speaks ${kind as string}`}>
      <p role="status">
        {icon} <span>{words}</span>
      </p>
      {talk.control !== "human" && talk.control !== "offered" && (
        <button type="button" class="quiet person" disabled={asked} onClick={() => client.askForHuman()}>
          {asked ? "Asking…" : "Talk to a person"}
        </button>
      )}
    </div>
  );
}

function Banner({ client, talk }: { client: Client; talk: Talk }) {
  const { problem } = talk;
  const wait = problem?.retryAfter ? Math.ceil(problem.retryAfter) : 0;
  useEffect(() => {
    if (!wait) return;
    const timer = setTimeout(() => client.dismissProblem(), wait * 1000);
    return () => clearTimeout(timer);
  }, [problem]);
  return (
    <>
      <div role="status" class="net">
        {talk.link === "lost" && talk.assistant && <p class="banner">Connection lost. Trying to reconnect…</p>}
      </div>
      {problem && (
        <div class="banner bad" role="alert">
          <p>
            {problem.text}
            {wait > 0 && ` You can try again in ${wait} ${wait === 1 ? "second" : "seconds"}.`}
          </p>
          <button type="button" class="icon" aria-label="Dismiss" onClick={() => client.dismissProblem()}>
            <CloseIcon size={16} />
          </button>
        </div>
      )}
    </>
  );
}

function Loading({ lost }: { lost: boolean }) {
  return (
    <div class="history">
      <div class="scroller" role="group" aria-label="Messages">
        <p class="empty" role="status">
          {lost ? "We cannot reach our help service right now. Still trying; what you write here is kept." : "Connecting…"}
        </p>
      </div>
    </div>
  );
}
