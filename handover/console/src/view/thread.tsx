// The lines of a conversation with notes and drafts between them, each kind told apart by words, place and colour.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { safeUrl, Words } from "../../../../bot/widget/src/shared/rich_text";
import { clockOf, count, dayAbove } from "../../../../bot/widget/src/shared/words";
import type { AgentPart, CitationPart, DraftFrame, EntryFrame, NoteFrame } from "../../../../bot/widget/src/shared/wire";
import type { EntryMarkFrame } from "../../../../bot/widget/src/shared/wire_marks";
import { BotIcon, LockIcon, PersonIcon, SentIcon } from "../../../../bot/widget/src/view/icons";
import type { DeskClient } from "../desk_client";
import { openDrafts, type Opened } from "../desk_state";
import { asides, wordsBeside } from "../marks";
import { Delivery, Media, Quoted, Reactions, Trouble } from "./line_marks";

const NEAR_END = 80; // pixels
const KINDS = { customer: "Customer", bot: "Bot", agent: "Agent", system: "" };

function nameOfAuthor({ kind, name }: { kind: keyof typeof KINDS; name?: string | null }, customer: string): string {
  return kind === "customer" ? customer : name || KINDS[kind];
}

interface ThreadProps {
  client: DeskClient;
  open: Opened;
  conversation: string;
  customer: string;
  me: AgentPart | null;
  mine: boolean;
  web: boolean; // no platform between us and the customer: in the record is sent
}

/** Keeps the newest line in sight for a reader who is at the end, and knows up to where the others have read. */
function useEnd(last: number) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [readTo, setReadTo] = useState(last);
  const toEnd = (): void => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    if (!atEnd.current) return;
    toEnd();
    setReadTo(last);
  });
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(() => atEnd.current && toEnd());
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);
  const scrolled = (): void => {
    const element = box.current;
    if (!element) return; // told late, of a thread that has been left
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    if (atEnd.current) setReadTo(last);
  };
  return { box, atEnd, readTo, toEnd, scrolled };
}

export function Thread({ client, open, conversation, customer, me, mine, web }: ThreadProps) {
  const { entries } = open.log;
  const { box, atEnd, readTo, toEnd, scrolled } = useEnd(entries.at(-1)?.offset ?? 0);
  const below = entries.filter((entry) => entry.offset > readTo).length;
  return (
    <div class="thread">
      <div class="scroller" ref={box} onScroll={scrolled} tabIndex={0} role="group" aria-label="Lines of this conversation">
        <Lines open={open} customer={customer} me={me} web={web} />
        {open.writing && <Writing text={open.writing.text} />}
        {open.typing && !open.writing && <p class="typing">{nameOfAuthor(open.typing, customer)} is writing…</p>}
        {openDrafts(open, mine).map((draft) => (
          <Draft key={draft.at} client={client} draft={draft} conversation={conversation} />
        ))}
      </div>
      {below > 0 && !atEnd.current && (
        <button type="button" class="newer" onClick={toEnd}>
          {count(below, "new line")} below
        </button>
      )}
      <Spoken entries={entries} customer={customer} />
    </div>
  );
}

function Lines({ open, customer, me, web }: { open: Opened } & Pick<ThreadProps, "customer" | "me" | "web">) {
  const { entries } = open.log;
  const last = entries.at(-1)?.offset ?? 0;
  const notesAt = (offset: number): readonly NoteFrame[] =>
    open.notes.filter((note) => Math.min(note.after_offset, last) === offset);
  return (
    <div role="log" aria-live="off" aria-label="Conversation">
      {entries.length === 0 && <p class="none">Loading the conversation…</p>}
      <Notes notes={notesAt(0)} />
      {entries.map((entry, i) => {
        const { author } = entry;
        const own = author.kind === "agent" && author.name === me?.name;
        const mark = open.marks.get(entry.offset);
        const answers = entries.find((other) => other.offset === mark?.reply_to);
        const day = dayAbove(entries[i - 1]?.at, entry.at);
        return (
          <div key={entry.offset}>
            {day && <p class="day">{day}</p>}
            <Line entry={entry} mark={mark} name={nameOfAuthor(author, customer)} own={own} web={web}>
              {answers && <Quoted entry={answers} name={nameOfAuthor(answers.author, customer)} />}
            </Line>
            <Notes notes={notesAt(entry.offset)} />
          </div>
        );
      })}
    </div>
  );
}

/** What the customer says while the conversation is open, for those who hear the page. */
function Spoken({ entries, customer }: { entries: readonly EntryFrame[]; customer: string }) {
  const [openedAt] = useState(Date.now);
  const spoken = entries.filter((entry) => entry.author.kind === "customer" && entry.text && Date.parse(entry.at) > openedAt);
  return (
    <div class="unseen" aria-live="polite" aria-relevant="additions">
      {spoken.slice(-3).map((entry) => (
        <p key={entry.offset}>
          {nameOfAuthor(entry.author, customer)}: {entry.text}
        </p>
      ))}
    </div>
  );
}

interface LineProps {
  entry: EntryFrame;
  mark: EntryMarkFrame | undefined;
  name: string;
  own: boolean;
  web: boolean;
  children: ComponentChildren; // what it answers
}

function Line({ entry, mark, name, own, web, children }: LineProps) {
  const { kind } = entry.author;
  if (entry.kind === "notice" || kind === "system") {
    return (
      <div class="notice" id={`line-${entry.offset}`} tabIndex={-1}>
        <Words text={entry.text} html={entry.html} /> <time dateTime={entry.at}>{clockOf(entry.at)}</time>
        {mark?.delivery && <Delivery state={mark.delivery} />}
      </div>
    );
  }
  return (
    <div class={`line ${kind}`} id={`line-${entry.offset}`} tabIndex={-1}>
      <p class="who">
        {kind === "bot" ? <BotIcon size={15} /> : <PersonIcon size={15} />}
        <strong dir="auto">{name}</strong>
        {name !== KINDS[kind] && <span>{own ? "You" : KINDS[kind]}</span>}
        <time dateTime={entry.at}>{clockOf(entry.at)}</time>
        {own && web && <SentIcon size={14} />}
        {mark?.delivery && <Delivery state={mark.delivery} />}
        {asides(mark).map((words) => (
          <span class="aside">{words}</span>
        ))}
        <span class="offset">{entry.offset}</span>
      </p>
      <Bubble entry={entry} mark={mark}>
        {children}
      </Bubble>
      <Reactions mark={mark} />
      <Trouble mark={mark} />
      {!!entry.buttons?.length && <p class="offered-choices">Choices: {entry.buttons.map((button) => button.title).join(" · ")}</p>}
    </div>
  );
}

function Bubble({ entry, mark, children }: Pick<LineProps, "entry" | "mark" | "children">) {
  if (mark?.deleted) return <p class="bubble deleted">Deleted by the customer</p>;
  const media = mark?.media ?? [];
  const words = wordsBeside(entry.text, media);
  return (
    <div class="bubble">
      {children}
      {words.trim() && <Words text={words} html={entry.html} />}
      <Media media={media} />
      <Sources citations={entry.citations ?? []} />
    </div>
  );
}

export function Sources({ citations }: { citations: readonly CitationPart[] }) {
  if (!citations.length) return null;
  return (
    <ol class="sources">
      {citations.map(({ title, url }) => {
        const href = safeUrl(url);
        return <li dir="auto">{href ? <a href={href} target="_blank" rel="noopener noreferrer">{title}</a> : title}</li>;
      })}
    </ol>
  );
}

function Notes({ notes = [] }: { notes: readonly NoteFrame[] | undefined }) {
  return (
    <>
      {notes.map((note) => (
        <div class="note" key={note.id}>
          <p class="who">
            <LockIcon size={15} />
            <strong>Private note</strong>
            <span>{note.author.name}</span>
            <time dateTime={note.at}>{clockOf(note.at)}</time>
          </p>
          <Words text={note.text} />
        </div>
      ))}
    </>
  );
}

function Writing({ text }: { text: string }) {
  return (
    <div class="line bot writing">
      <p class="who">
        <BotIcon size={15} />
        <strong>The bot is writing</strong>
      </p>
      <div class="bubble">
        <div class="words" dir="auto">
          <p class="plain">{text}</p>
        </div>
      </div>
    </div>
  );
}

const ORIGINS = { suggestion: "Suggested reply", late_reply: "The bot's unsent reply", rewrite: "Rewritten" };

function Draft({ client, draft, conversation }: { client: DeskClient; draft: DraftFrame; conversation: string }) {
  return (
    <div class="draft">
      <p class="who">
        <strong>{ORIGINS[draft.origin ?? "suggestion"]}</strong>
        <span>not sent</span>
        <time dateTime={draft.at}>{clockOf(draft.at)}</time>
      </p>
      <Words text={draft.text} />
      <Sources citations={draft.citations ?? []} />
      <button type="button" class="quiet small" onClick={() => client.write(conversation, "reply", draft.text)}>
        Put into the reply
      </button>
    </div>
  );
}
