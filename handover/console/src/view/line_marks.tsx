// Beside a line's words: how far it has come, what was changed, who reacted, what it answers, and the files that came with it.
import type { ComponentChildren } from "preact";
import type { EntryFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeliveryState, EntryMarkFrame, MediaPart } from "../../../../bot/widget/src/shared/wire_marks";
import { absentWords, DELIVERY, mediaName, reactionsOf, shownAs, sizeWords } from "../marks";
import { goTo } from "./going";

const DRAWN: Record<DeliveryState, ComponentChildren> = {
  queued: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.2V12l3.2 2" />
    </>
  ),
  sent: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  delivered: <path d="m1.5 12.5 4.5 4.5L15.5 7.5M11.5 16l1 1L22 7.5" />,
  read: (
    <>
      <path d="M2 12c2.6-4.4 6-6.5 10-6.5s7.4 2.1 10 6.5c-2.6 4.4-6 6.5-10 6.5S4.6 16.4 2 12Z" />
      <circle cx="12" cy="12" r="3" />
    </>
  ),
  failed: <path d="M12 3.5 2.5 20h19ZM12 9.5v4.5M12 17h.01" />,
  unknown: <path d="M8.5 9a3.5 3.5 0 1 1 5 3.200c-1 .6-1.5 1.200-1.5 2.300M12 18.5h.01" />,
};

/** A picture with words for those who hear the page; what needs somebody says so to everybody. */
export function Delivery({ state }: { state: DeliveryState }) {
  const wanting = state === "failed" || state === "unknown";
  return (
    <span class={`delivery ${state}`}>
      <svg width="15" height="15" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
        {DRAWN[state]}
      </svg>
      <span class={wanting ? "" : "unseen"}>{DELIVERY[state]}</span>
    </span>
  );
}

/** Why a line of ours did not arrive, or may not have, and what somebody can do. */
export function Trouble({ mark }: { mark: EntryMarkFrame | undefined }) {
  if (mark?.delivery !== "failed" && mark?.delivery !== "unknown") return null;
  if (!mark.note && !mark.todo) return null;
  return (
    <p class={`trouble ${mark.delivery}`} dir="auto">
      {mark.note} {mark.todo && <strong>{mark.todo}</strong>}
    </p>
  );
}

export function Reactions({ mark }: { mark: EntryMarkFrame | undefined }) {
  const found = reactionsOf(mark);
  if (!found.length) return null;
  return (
    <ul class="reactions" aria-label="Reactions">
      {found.map(({ emoji, who }) => (
        <li key={emoji} title={who.join(", ")} dir="auto">
          {emoji}
          {who.length > 1 && ` ${who.length}`}
          <span class="unseen"> by {who.join(", ")}</span>
        </li>
      ))}
    </ul>
  );
}

/** The line that this one answers, with the way to it. */
export function Quoted({ entry, name }: { entry: EntryFrame; name: string }) {
  const words = entry.text.length > 140 ? `${entry.text.slice(0, 140)}…` : entry.text;
  return (
    <button type="button" class="quoted" onClick={() => goTo(entry.offset)}>
      <span class="unseen">Answers </span>
      <strong dir="auto">{name}</strong>
      <span dir="auto">{words || "a deleted message"}</span>
    </button>
  );
}

export function Media({ media }: { media: readonly MediaPart[] }) {
  if (!media.length) return null;
  return (
    <div class="media">
      {media.map((part) => (
        <File key={part.id} part={part} />
      ))}
    </div>
  );
}

function File({ part }: { part: MediaPart }) {
  const address = `/api/v1/media/${encodeURIComponent(part.id)}`;
  const name = part.name ?? mediaName(part);
  switch (shownAs(part)) {
    case "words":
      return <p class={`absent ${part.state}`}>{absentWords(part)}</p>;
    case "picture":
      return (
        <a href={address} target="_blank" rel="noopener noreferrer" class="picture">
          <img src={address} alt={`A ${mediaName(part)} from the customer${part.name ? `: ${part.name}` : ""}`} loading="lazy" />
        </a>
      );
    case "video":
      return <video src={address} controls preload="metadata" aria-label={name} />;
    case "audio":
      return <audio src={address} controls preload="metadata" aria-label={name} />;
    case "file":
      return (
        <a href={address} download={part.name ?? ""} class="file" dir="auto">
          {name} <span>{sizeWords(part.size)}</span>
        </a>
      );
  }
}
