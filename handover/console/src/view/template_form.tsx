// After WhatsApp's window: a message that the platform has approved beforehand, by its name, and what it reads like.
import { useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { filledIn, templateIn, type Filled } from "../template";

interface FormProps {
  client: DeskClient;
  conversation: string;
}

/** The form is long: it opens when it is wanted, and stays open while something is in it. */
export function TemplateOffer({ client, conversation }: FormProps) {
  const [open, setOpen] = useState(() => client.text(conversation, "template") !== "");
  return (
    <>
      <button type="button" class="quiet small opens-template" aria-expanded={open} onClick={() => setOpen(!open)}>
        Send a template
      </button>
      {open && <TemplateForm client={client} conversation={conversation} />}
    </>
  );
}

function TemplateForm({ client, conversation }: FormProps) {
  useObserved(client.texts);
  const key = `${conversation}:template`;
  const sending = useObserved(client.onTheirWay).has(key);
  const bounced = useObserved(client.bounced).get(key);
  const filled = filledIn(client.text(conversation, "template"));
  const ready = templateIn(filled);
  const change = (more: Partial<Filled>): void => client.write(conversation, "template", JSON.stringify({ ...filled, ...more }));
  return (
    <form
      class="template"
      aria-label="Send a template"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready.template) client.submitTemplate(conversation, ready.template, filled.text.trim());
      }}
    >
      <div role="alert">{bounced && <p class="bounced">{bounced}</p>}</div>
      <Fields filled={filled} change={change} sending={sending} />
      <div class="foot">
        <p class="hint" id="template-lacks">
          {ready.lacks}
        </p>
        <button type="submit" class="solid small" disabled={sending || !ready.template} aria-describedby="template-lacks">
          {sending ? "Sending…" : "Send template"}
        </button>
      </div>
    </form>
  );
}

interface FieldsProps {
  filled: Filled;
  change: (more: Partial<Filled>) => void;
  sending: boolean;
}

function Fields({ filled, change, sending }: FieldsProps) {
  return (
    <>
      <div class="pair">
        <label>
          Name <span class="hint">as it is called in WhatsApp Manager</span>
          <input value={filled.name} maxLength={512} readOnly={sending} autocomplete="off" spellcheck={false} onInput={(event) => change({ name: event.currentTarget.value })} />
        </label>
        <label>
          Language <span class="hint">such as pt_BR</span>
          <input value={filled.language} maxLength={16} readOnly={sending} autocomplete="off" spellcheck={false} onInput={(event) => change({ language: event.currentTarget.value })} />
        </label>
      </div>
      <label>
        Parameters <span class="hint">one a line, in the order of their places</span>
        <textarea rows={2} dir="auto" value={filled.parameters} readOnly={sending} onInput={(event) => change({ parameters: event.currentTarget.value })} />
      </label>
      <label>
        What it reads like <span class="hint">for your colleagues and the record</span>
        <textarea rows={2} dir="auto" maxLength={8_000} value={filled.text} readOnly={sending} onInput={(event) => change({ text: event.currentTarget.value })} />
      </label>
    </>
  );
}
