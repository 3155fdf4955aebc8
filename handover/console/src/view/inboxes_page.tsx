// The inboxes of social channels, for admins: which there are and whether they are heard, new ones, and changes of them.
import { useEffect, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { Inboxes, type ChannelRow, type KeptInbox } from "../inboxes";
import { ChannelIcon } from "./channel_icons";
import { InboxCard } from "./inbox_card";
import { InboxForm } from "./inbox_form";
import { Foot, Modal } from "./modal";
import { PageFrame } from "./page_frame";
import { useAskedAgain } from "./ticking";

const AGAIN = 3; // seconds: somebody who has just set a platform up waits for its first webhook here

/** The inbox that is made (null) or changed, or the one that is to go. */
type Open = { kind: "form"; channel: ChannelRow; inbox: KeptInbox | null } | { kind: "remove"; inbox: KeptInbox } | null;

export function InboxesPage({ client }: { client: DeskClient }) {
  const me = useObserved(client.desk).me;
  if (me && me.role !== "admin") {
    return (
      <PageFrame title="Inboxes" says="" problem={null} again={() => undefined}>
        <p class="none">Only an admin sees the inboxes and changes them.</p>
      </PageFrame>
    );
  }
  return <Kept client={client} />;
}

function Kept({ client }: { client: DeskClient }) {
  const [inboxes] = useState(() => new Inboxes());
  const { channels, rows, problem } = useObserved(inboxes.state);
  const [open, setOpen] = useState<Open>(null);
  const [made, setMade] = useState<ReadonlySet<string> | null>(null);
  useAskedAgain(() => void inboxes.refresh(), AGAIN);
  const close = (): void => setOpen(null);
  const saved = (words: string): void => {
    if (open?.kind === "form" && !open.inbox) setMade(new Set(rows?.map(({ id }) => id)));
    client.tell(words);
  };
  useNewcomerInSight(rows, made);
  const titled = new Map(channels.map((channel) => [channel.name, channel]));
  const says = "The pages, numbers and bots through which customers write to you on other platforms.";
  return (
    <PageFrame title="Inboxes" says={says} problem={problem} again={() => void inboxes.refresh()}>
      {!rows && !problem && <p role="status">Loading…</p>}
      {rows && <NewInbox channels={channels} open={(channel) => setOpen({ kind: "form", channel, inbox: null })} />}
      {rows?.length === 0 && <p class="none">No inbox yet: customers reach you on your website only.</p>}
      {rows && rows.length > 0 && (
        <ul class="inboxes">
          {rows.map((inbox) => {
            const channel = titled.get(inbox.channel);
            if (!channel) return null;
            const change = () => setOpen({ kind: "form", channel, inbox });
            return <InboxCard key={inbox.id} {...{ client, inboxes, inbox, channel, change }} remove={() => setOpen({ kind: "remove", inbox })} />;
          })}
        </ul>
      )}
      {open?.kind === "form" && <InboxForm {...{ inboxes, saved, close }} channel={open.channel} inbox={open.inbox} />}
      {open?.kind === "remove" && <Remove inbox={open.inbox} close={close} sure={() => void gone(client, inboxes, open.inbox)} />}
    </PageFrame>
  );
}

async function gone(client: DeskClient, inboxes: Inboxes, inbox: KeptInbox): Promise<void> {
  if (!(await inboxes.remove(inbox.id))) return;
  client.tell(`${inbox.name}: removed. Its conversations are kept.`);
  // What had the focus goes with its card; nothing else may be drawn anew for seconds.
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) document.querySelector<HTMLElement>("main.page h2")?.focus();
  });
}

/** An inbox that was not there when the form was sent is what comes next: it is scrolled to and has the focus. */
function useNewcomerInSight(rows: readonly KeptInbox[] | null, before: ReadonlySet<string> | null): void {
  const newcomer = before && rows?.find(({ id }) => !before.has(id))?.id;
  useEffect(() => {
    if (newcomer) document.getElementById(`inbox-${newcomer}`)?.focus();
  }, [newcomer]);
}

function NewInbox({ channels, open }: { channels: readonly ChannelRow[]; open: (channel: ChannelRow) => void }) {
  return (
    <section class="new-inbox" aria-labelledby="new-inbox">
      <h3 id="new-inbox">Add an inbox</h3>
      <ul>
        {channels.map((channel) => (
          <li key={channel.name}>
            <button type="button" class="quiet" onClick={() => open(channel)}>
              <ChannelIcon channel={channel.name} size={18} />
              <span>{channel.title}</span>
              {channel.experimental && <span class="mark offered">experimental</span>}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Remove({ inbox, close, sure }: { inbox: KeptInbox; close: () => void; sure: () => void }) {
  return (
    <Modal title={`Remove ${inbox.name}?`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          sure();
          close();
        }}
      >
        <p>Nothing goes in or out through it any more, and its secrets are erased. Its conversations stay.</p>
        {inbox.queued > 0 && <p class="overtaken">Lines that still wait to be sent will not be delivered.</p>}
        <Foot close={close} does="Remove" />
      </form>
    </Modal>
  );
}
