// Where the customer writes. What is typed is kept through reloads; Enter sends, Shift+Enter breaks the line.
import type { RefObject } from "preact";
import type { Client } from "../client";
import { useGrowing } from "../shared/growing";
import { useObserved } from "../shared/observed";
import type { Talk } from "../talk";
import { SendIcon } from "./icons";

const LONGEST = 8_000; // characters; the service refuses more

function hintFor({ control, agent, lifecycle }: Talk): string {
  if (control === "human") return `Write to ${agent ?? "us"}`;
  return lifecycle === "resolved" ? "Write to start again" : "Write a message";
}

export function Composer({ client, talk, field }: { client: Client; talk: Talk; field: RefObject<HTMLTextAreaElement | null> }) {
  const draft = useObserved(client.draft);
  const write = (text: string): void => client.draft.set(text);
  const send = (): void => {
    const text = client.draft.value.trim(); // as typed now, not as last drawn
    if (!text) return;
    client.say(text);
    write("");
    field.current?.focus();
  };
  useGrowing(field, draft);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        aria-label="Your message"
        placeholder={hintFor(talk)}
        maxLength={LONGEST}
        value={draft}
        enterkeyhint="send"
        onInput={(event) => {
          write(event.currentTarget.value);
          client.types();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <button type="submit" class="send" aria-label="Send" disabled={!draft.trim()}>
        <SendIcon />
      </button>
    </form>
  );
}
