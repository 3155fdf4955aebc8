// Joining a customer with another one: look for them, choose, read what will happen, then do it; and splitting them off.
import { useEffect, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import { count, timeOf } from "../../../../bot/widget/src/shared/words";
import { channelName } from "../channels";
import { customerName, CustomerSearch, identifiers, joinWords, splitWords, type AlsoKnownAs, type Customer, type CustomerSeen } from "../contacts";
import type { DeskClient } from "../desk_client";
import { ChannelIcon } from "./channel_icons";
import { Foot, Modal } from "./modal";

const PAUSE = 250; // milliseconds without a key before the service is asked

interface DialogProps {
  known: AlsoKnownAs;
  seen: CustomerSeen;
  close: () => void;
}

export function JoinDialog({ client, known, seen, close }: DialogProps & { client: DeskClient }) {
  const [search] = useState(() => new CustomerSearch(new Set(seen.members.map((one) => one.id))));
  const [chosen, choose] = useState<Customer | null>(null);
  const { busy, problem, does } = useDeed(close);
  return (
    <Modal title={`Join ${customerName(seen.customer)} with another customer`} close={close}>
      <form
        class="transfer join"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen) void does(() => known.join(chosen.id));
        }}
      >
        <Find search={search} />
        <Found search={search} client={client} chosen={chosen} choose={choose} />
        <div class="happens" role="status">
          {chosen && joinWords(seen, chosen).map((words) => <p dir="auto">{words}</p>)}
        </div>
        <p class="problem-line" role="alert">
          {problem}
        </p>
        <Foot close={close} does="Join" busy={busy || !chosen} />
      </form>
    </Modal>
  );
}

export function SplitDialog({ known, seen, close }: DialogProps) {
  const { busy, problem, does } = useDeed(close);
  return (
    <Modal title={`Split off ${customerName(seen.customer)}`} close={close}>
      <form
        class="join"
        onSubmit={(event) => {
          event.preventDefault();
          void does(() => known.split());
        }}
      >
        <div class="happens">
          {splitWords(seen).map((words) => (
            <p dir="auto">{words}</p>
          ))}
        </div>
        <p class="problem-line" role="alert">
          {problem}
        </p>
        <Foot close={close} does="Split off" busy={busy} />
      </form>
    </Modal>
  );
}

/** One deed at a time; the dialog closes when it was done and says why when it was not. */
function useDeed(close: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const does = async (deed: () => Promise<string | null>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const refused = await deed();
    setBusy(false);
    if (refused) setProblem(refused);
    else close();
  };
  return { busy, problem, does };
}

function Find({ search }: { search: CustomerSearch }) {
  const [typed, setTyped] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => void search.look(typed), PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <label>
      Look for a customer
      <span class="hint">By name, e-mail address, or what a platform calls them</span>
      <input
        type="search"
        value={typed}
        maxLength={200}
        autoComplete="off"
        dir="auto"
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault(); // looking is not joining
          void search.look(typed);
        }}
      />
    </label>
  );
}

interface FoundProps {
  search: CustomerSearch;
  client: DeskClient;
  chosen: Customer | null;
  choose: (one: Customer) => void;
}

function Found({ search, client, chosen, choose }: FoundProps) {
  const { query, found, problem } = useObserved(search.state);
  const kept = chosen && !found?.some((one) => one.id === chosen.id) ? [chosen] : [];
  const shown = [...kept, ...(found ?? [])];
  return (
    <fieldset>
      <legend class="unseen">Who it is</legend>
      <p class="hint" role="status">
        {problem ?? (found && (found.length ? `${count(found.length, "customer")} found` : `Nobody else is known by “${query}”.`))}
      </p>
      <div class="colleagues">
        {shown.map((one) => (
          <Pick key={one.id} one={one} client={client} on={one.id === chosen?.id} pick={() => choose(one)} />
        ))}
      </div>
    </fieldset>
  );
}

function Pick({ one, client, on, pick }: { one: Customer; client: DeskClient; on: boolean; pick: () => void }) {
  const { abilities } = useObserved(client.channels.state);
  return (
    <label class="pick whom">
      <input type="radio" name="whom" checked={on} onChange={pick} />
      <span>
        <span dir="auto">{customerName(one)}</span>
        <span class="hint">
          {one.channels.map((channel) => (
            <span class="channel" key={channel}>
              <ChannelIcon channel={channel} />
              <span>{channelName(channel, abilities.get(channel))}</span>
            </span>
          ))}
          {one.last_at && <time dateTime={one.last_at}>{timeOf(one.last_at)}</time>}
        </span>
        <span class="hint ids" dir="auto">
          {identifiers(one)}
        </span>
      </span>
    </label>
  );
}
