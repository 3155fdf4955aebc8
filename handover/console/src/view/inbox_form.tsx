// What an inbox is told when it is made or changed: a field for each thing its channel declares, with where to find it.
import { useEffect, useRef, useState } from "preact/hooks";
import { wishIn, type ChannelRow, type Inboxes, type KeptInbox, type Wanted } from "../inboxes";
import type { Refused } from "../rest";
import { Foot, Modal } from "./modal";

interface FormProps {
  inboxes: Inboxes;
  channel: ChannelRow;
  inbox: KeptInbox | null; // null: a new one
  saved: (words: string) => void;
  close: () => void;
}

interface Wrong {
  field: string | null;
  words: string;
}

const NAME: Wanted = { name: "name", label: "Name", help: "How your colleagues know it, like “Spare parts, Germany”.", secret: false, required: true };

export function InboxForm({ inboxes, channel, inbox, saved, close }: FormProps) {
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (wrong?.field) form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(wrong.field)}"]`)?.focus();
  }, [wrong]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wish = wishIn(new FormData(form.current!), channel.fields);
    setBusy(true);
    inboxes.save(channel.name, inbox?.id ?? null, wish).then(
      () => {
        saved(inbox ? `${wish.name}: saved.` : `${wish.name}: added. Now check the access, then set up ${channel.title}.`);
        close();
      },
      (error: Refused) => {
        setBusy(false);
        setWrong({ field: error.field, words: error.message });
      },
    );
  };
  const fields = [NAME, channel.account, ...channel.fields];
  const known = fields.some(({ name }) => name === wrong?.field);
  return (
    <Modal title={inbox ? `Change ${inbox.name}` : `New inbox: ${channel.title}`} close={close}>
      <form ref={form} onSubmit={submit} autocomplete="off">
        {channel.experimental && <p class="overtaken">Experimental: {channel.title} may change what it allows at any time.</p>}
        {fields.map((field) => (
          <Field key={field.name} field={field} inbox={inbox} wrong={wrong} />
        ))}
        <div role="alert">{wrong && !known && <p class="problem">{wrong.words}</p>}</div>
        <Foot close={close} does={busy ? "Saving…" : inbox ? "Save" : "Add"} busy={busy} />
      </form>
    </Modal>
  );
}

/** What stands in a field at first: never a secret. */
function valueOf({ name, secret }: Wanted, inbox: KeptInbox | null): string {
  if (!inbox || secret) return "";
  return name === "name" ? inbox.name : name === "account" ? inbox.account : (inbox.settings[name] ?? "");
}

function Field({ field, inbox, wrong }: { field: Wanted; inbox: KeptInbox | null; wrong: Wrong | null }) {
  const { name, label, help, secret, required } = field;
  const set = secret && inbox?.secrets[name] === "set";
  const bad = wrong?.field === name;
  const given = {
    name,
    id: `field-${name}`,
    class: "filled",
    spellcheck: false,
    dir: "auto" as const,
    required: required && !set,
    placeholder: set ? "set" : "",
    defaultValue: valueOf(field, inbox),
    "aria-invalid": bad,
    "aria-describedby": bad ? `${name}-problem ${name}-hint` : `${name}-hint`,
  };
  return (
    <>
      <label for={`field-${name}`}>
        {label}
        {!required && <span class="by"> (optional)</span>}
      </label>
      <span class="hint" id={`${name}-hint`}>
        {set && "It is set and never shown. Leave this empty to keep it. "}
        {help}
      </span>
      {secret ? <input type="password" autocomplete="new-password" {...given} /> : <input type="text" autocomplete="off" {...given} />}
      {set && !required && (
        <label class="pick">
          <input type="checkbox" name={`erase ${name}`} />
          <span>Erase: {label}</span>
        </label>
      )}
      <div role="alert" id={`${name}-problem`}>
        {bad && <p class="problem">{wrong.words}</p>}
      </div>
    </>
  );
}
