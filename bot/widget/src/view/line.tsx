// One line of the conversation: a message with who said it, when, its sources and buttons; or a notice.
import { safeUrl, Words } from "../shared/rich_text";
import { clockOf } from "../shared/words";
import type { ButtonPart, CitationPart, EntryFrame } from "../shared/wire";
import type { Unsent } from "../talk";
import { BotIcon, PersonIcon, SentIcon } from "./icons";

const SAME_BREATH = 5 * 60_000; // lines of one author this close together share one heading

export function continues(before: EntryFrame | undefined, entry: EntryFrame): boolean {
  return (
    before !== undefined &&
    before.kind === "message" &&
    before.author.kind === entry.author.kind &&
    before.author.name === entry.author.name &&
    Date.parse(entry.at) - Date.parse(before.at) < SAME_BREATH
  );
}

export function speakerOf(entry: Pick<EntryFrame, "author">): string {
  if (entry.author.kind === "customer") return "You";
  return entry.author.kind === "bot" ? `${entry.author.name} (assistant)` : entry.author.name;
}

interface LineProps {
  entry: EntryFrame;
  follows: boolean;
  pressable: boolean;
  press: (button: ButtonPart) => void;
}

export function Line({ entry, follows, pressable, press }: LineProps) {
  if (entry.kind === "notice" || entry.author.kind === "system") {
    return (
      <div class="notice" data-offset={entry.offset}>
        <Words text={entry.text} html={entry.html} />
        <time dateTime={entry.at}>{clockOf(entry.at)}</time>
      </div>
    );
  }
  const { kind } = entry.author;
  return (
    <div class={`line ${kind}${follows ? " follows" : ""}`} data-offset={entry.offset}>
      <p class="who">
        {kind === "bot" && <BotIcon size={15} />}
        {kind === "agent" && <PersonIcon size={15} />}
        <span>{speakerOf(entry)}</span> <time dateTime={entry.at}>{clockOf(entry.at)}</time>
        {kind === "customer" && <SentIcon size={13} />}
      </p>
      <div class="bubble">
        <Words text={entry.text} html={entry.html} />
        <Sources citations={entry.citations ?? []} />
      </div>
      {pressable && <Choices buttons={entry.buttons ?? []} press={press} />}
    </div>
  );
}

function Sources({ citations }: { citations: CitationPart[] }) {
  if (!citations.length) return null;
  return (
    <div class="sources">
      <span>Sources</span>
      <ol>
        {citations.map((citation) => {
          const href = safeUrl(citation.url);
          return (
            <li dir="auto">
              {href ? (
                <a href={href} target="_blank" rel="noopener noreferrer">
                  {citation.title}
                </a>
              ) : (
                citation.title
              )}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Choices({ buttons, press }: { buttons: ButtonPart[]; press: (button: ButtonPart) => void }) {
  if (!buttons.length) return null;
  return (
    <div class="choices">
      {buttons.map((button) => (
        <button type="button" class="choice" dir="auto" onClick={() => press(button)}>
          {button.title}
        </button>
      ))}
    </div>
  );
}

/** The reply while it is being written: text only; the finished entry takes its place. */
export function Writing({ name, text }: { name: string; text: string }) {
  return (
    <div class="line bot writing" aria-hidden="true">
      <p class="who">
        <BotIcon size={15} />
        <span>{name} (assistant)</span>
      </p>
      <div class="bubble">
        <div class="words" dir="auto">
          <p class="plain">
            {text}
            <span class="caret" />
          </p>
        </div>
      </div>
    </div>
  );
}

export function Typing({ name }: { name: string }) {
  return (
    <p class="typing">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {name} is writing…
    </p>
  );
}

interface UnsentProps {
  one: Unsent;
  online: boolean;
  retry: (id: string) => void;
  discard: (id: string) => void;
}

export const BUSY = "Very many people are writing. Not sent yet; we keep trying.";

function fate(one: Unsent, online: boolean): string {
  if (one.refused) return `Not sent. ${one.refused}`;
  if (!online) return "Will be sent when the connection is back";
  return one.busy ? BUSY : "Sending…";
}

/** The customer's own words before the service has them. */
export function UnsentLine({ one, online, retry, discard }: UnsentProps) {
  const { frame } = one;
  const text = frame.type === "say" || frame.type === "leave_message" ? frame.text : null;
  if (!text && !one.refused) return null;
  return (
    <div class={`line customer unsent${one.refused ? " refused" : ""}`}>
      <div class="bubble">
        <Words text={text ?? "Your request"} />
      </div>
      <p class="fate">
        {fate(one, online)}
        {one.refused && (
          <span class="ways-on">
            <button type="button" class="link" onClick={() => retry(frame.client_id)}>
              Try again
            </button>
            <button type="button" class="link" onClick={() => discard(frame.client_id)}>
              Discard
            </button>
          </span>
        )}
      </p>
    </div>
  );
}
