// The history: scrolls with what is new while the reader is at the end, and leaves them alone when they are not.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Fragment, type ComponentChildren } from "preact";
import type { Client } from "../client";
import { lastOffset } from "../shared/ordered_log";
import { count, dayAbove } from "../shared/words";
import { openButtons, whoWrites, type Talk } from "../talk";
import { DownIcon } from "./icons";
import { continues, Line, Typing, UnsentLine, Writing } from "./line";

const NEAR_END = 60; // pixels

export function Log({ client, talk, children }: { client: Client; talk: Talk; children?: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [readTo, setReadTo] = useState(lastOffset(talk.log));
  const last = lastOffset(talk.log);
  const writes = whoWrites(talk);
  const below = talk.log.entries.filter((entry) => entry.offset > readTo && entry.author.kind !== "customer").length;

  const toEnd = (): void => {
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  const reached = (): void => {
    const element = box.current;
    if (!element) return; // told late, of a panel that has been closed
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    if (atEnd.current) setReadTo(last);
  };
  useLayoutEffect(() => {
    const mine = talk.log.entries.at(-1)?.author.kind === "customer" && last > readTo;
    if (!atEnd.current && !mine) return;
    toEnd();
    setReadTo(last);
  });
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(() => atEnd.current && toEnd());
    watcher.observe(box.current!);
    watcher.observe(box.current!.firstElementChild!);
    return () => watcher.disconnect();
  }, []);

  return (
    <div class="history">
      <div class="scroller" ref={box} onScroll={reached} tabIndex={0} role="group" aria-label="Messages">
        <div>
          <Lines client={client} talk={talk} />
          {writes && <Typing name={writes.name} />}
          {children}
        </div>
      </div>
      {below > 0 && !atEnd.current && (
        <button type="button" class="newer" onClick={toEnd}>
          {count(below, "new message")} <DownIcon size={16} />
        </button>
      )}
    </div>
  );
}

function Lines({ client, talk }: { client: Client; talk: Talk }) {
  const pressable = openButtons(talk);
  const { entries } = talk.log;
  return (
    // Lines are read out whole, once, by the announcer; two live regions would say everything twice.
    <div role="log" aria-live="off" aria-label="Conversation" class="lines">
      {entries.map((entry, i) => {
        const day = dayAbove(entries[i - 1]?.at, entry.at);
        return (
          <Fragment key={entry.offset}>
            {day && <p class="day">{day}</p>}
            <Line
              entry={entry}
              follows={!day && continues(entries[i - 1], entry)}
              pressable={entry.offset === pressable}
              press={(button) => client.press(button)}
            />
          </Fragment>
        );
      })}
      {talk.writing && <Writing key="writing" name={talk.assistant?.name ?? "Assistant"} text={talk.writing.text} />}
      {talk.unsent.map((one) => (
        <UnsentLine
          key={one.frame.client_id}
          one={one}
          online={talk.link !== "lost" && talk.link !== "closed"}
          retry={(id) => client.retry(id)}
          discard={(id) => client.discard(id)}
        />
      ))}
    </div>
  );
}
