// Two tabs that cannot be confused: a reply that goes to the customer, a private note that never does.
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { useGrowing } from "../../../../bot/widget/src/shared/growing";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import { LockIcon } from "../../../../bot/widget/src/view/icons";
import { channelName, channelOf } from "../channels";
import type { DeskClient } from "../desk_client";
import type { DeskState } from "../desk_state";
import type { Tab } from "../drafts";
import { nameOf } from "../reasons";
import { LengthLine, ReachLine, useReach } from "./reach";
import { TemplateOffer } from "./template_form";

const LONGEST = 8_000; // characters; the service refuses more

interface ComposerProps {
  client: DeskClient;
  desk: DeskState;
  row: ConversationFrame | undefined;
  conversation: string;
  tab: Tab;
  setTab: (tab: Tab) => void;
  children: ComponentChildren; // beside the tabs: who else is here
}

/** Why the customer cannot be answered by this agent now; null when they can. */
function lockedBy(desk: DeskState, row: ConversationFrame | undefined): string | null {
  if (!row) return "Loading…";
  if (row.last_entry && !desk.opened.get(row.conversation)?.log.entries.length) return "Loading…"; // nothing was read yet
  if (row.control === "human") {
    if (row.external) return `Someone answers in the ${channelName(channelOf(row))} app. Take over to answer here.`;
    return row.agent?.id === desk.me?.id ? null : `${row.agent?.name ?? "A colleague"} has this conversation. You can read along and leave a private note.`;
  }
  if (row.lifecycle === "resolved") return "This conversation is resolved. It opens again when the customer writes.";
  if (row.control === "offered") return "Accept this conversation to answer the customer.";
  if (row.control === "bot") return "The bot has this conversation. Take over to answer the customer.";
  const mail = row.customer.email;
  return `The customer left a message${mail ? ` and waits for an answer at ${mail}` : ""}. Take over to answer here.`;
}

/** The field keeps the focus when words have gone, and gets it when the next thing an agent does is write. */
function useFieldFocus(client: DeskClient, field: RefObject<HTMLTextAreaElement | null>, sending: unknown): void {
  useEffect(() => {
    if (!sending && field.current === document.activeElement) field.current?.focus();
  }, [sending]);
  useLayoutEffect(() => {
    if (!client.wantsFocus || !field.current) return;
    client.wantsFocus = false;
    field.current.focus();
  });
}

export function Composer({ client, desk, row, conversation, tab, setTab, children }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const sent = useObserved(client.onTheirWay).get(`${conversation}:${tab}`);
  const bounced = useObserved(client.bounced).get(`${conversation}:${tab}`);
  useObserved(client.texts);
  const text = client.text(conversation, tab);
  const reach = useReach(client, row);
  const locked = lockedBy(desk, row);
  const lock = tab === "note" ? null : (locked ?? reach.closed);
  useGrowing(field, text);
  useFieldFocus(client, field, sent);
  const choose = (which: Tab): void => {
    client.wantsFocus = which !== tab && (which === "note" || !(locked ?? reach.closed)); // chosen in order to write
    setTab(which);
  };
  const submit = (): void => {
    if (!lock) client.submit(conversation, tab);
  };
  const writing: Writing = { client, conversation, tab, text, sending: sent !== undefined };
  return (
    <div class={`composer ${tab}${lock ? " closed" : ""}`}>
      <div class="above">
        <Tabs tab={tab} setTab={choose} />
        {children}
      </div>
      {tab === "reply" && <ReachLine reach={reach} row={row} />}
      <div role="alert">{bounced && <p class="bounced">{bounced}</p>}</div>
      {lock ? (
        <p class="locked">{lock}</p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Field {...writing} field={field} customer={nameOf(row)} submit={submit} />
          {tab === "reply" && <LengthLine text={text} ability={reach.ability} />}
          <Foot {...writing} connected={desk.link !== "lost"} />
        </form>
      )}
      {tab === "reply" && !locked && reach.closed && reach.ability?.templates && <TemplateOffer client={client} conversation={conversation} />}
    </div>
  );
}

interface Writing {
  client: DeskClient;
  conversation: string;
  tab: Tab;
  text: string;
  sending: boolean;
}

interface FieldProps extends Writing {
  field: RefObject<HTMLTextAreaElement | null>;
  customer: string;
  submit: () => void;
}

function Field({ client, conversation, tab, text, sending, field, customer, submit }: FieldProps) {
  const note = tab === "note";
  return (
    <>
      <label class="unseen" for="composer">
        {note ? "Private note, for colleagues only" : `Reply to ${customer}`}
      </label>
      <textarea
        id="composer"
        aria-describedby={note ? undefined : "length"}
        ref={field}
        rows={3}
        dir="auto"
        maxLength={LONGEST}
        value={text}
        readOnly={sending}
        placeholder={note ? "Only colleagues read this" : "Write to the customer. Enter sends, Shift+Enter breaks the line"}
        onInput={(event) => {
          client.write(conversation, tab, event.currentTarget.value);
          if (!note) client.types(conversation);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.altKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
    </>
  );
}

function Foot({ client, conversation, tab, text, sending, connected }: Writing & { connected: boolean }) {
  const note = tab === "note";
  return (
    <div class="foot">
      {note ? (
        <p class="fate">
          <LockIcon size={15} /> Private note. The customer and the bot never see it.
        </p>
      ) : (
        <button type="button" class="quiet small" onClick={() => client.suggest(conversation)}>
          Suggest a reply
        </button>
      )}
      <button type="submit" class={note ? "save-note small" : "solid small"} disabled={!text.trim() || sending}>
        {sending ? (connected ? "Sending…" : "Waiting for the line…") : note ? "Save private note" : "Send to customer"}
      </button>
    </div>
  );
}

function Tabs({ tab, setTab }: { tab: Tab; setTab: (tab: Tab) => void }) {
  const each = (which: Tab, name: string) => (
    <button type="button" aria-pressed={tab === which} class={`tab ${which}`} onClick={() => setTab(which)}>
      {which === "note" && <LockIcon size={14} />}
      {name}
    </button>
  );
  return (
    <div class="tabs" role="group" aria-label="What you write">
      {each("reply", "Reply to customer")}
      {each("note", "Private note")}
    </div>
  );
}
