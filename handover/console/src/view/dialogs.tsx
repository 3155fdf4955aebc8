// The desk's dialogs: hand back, snooze and the list of keys; transfer has a file of its own.
import { useState } from "preact/hooks";
import type { AgentPart, ConversationFrame } from "../../../../bot/widget/src/shared/wire";
import type { DeskClient } from "../desk_client";
import { nameOf } from "../reasons";
import type { Shortcut } from "../shortcuts";
import { Foot, Modal } from "./modal";
import { Transfer } from "./transfer";

export type Dialog = "hand_back" | "snooze" | "transfer" | "keys" | null;

interface OpenDialogProps {
  which: Dialog;
  client: DeskClient;
  row: ConversationFrame | undefined;
  me: AgentPart | null;
  shortcuts: readonly Shortcut[];
  close: () => void;
}

export function OpenDialog({ which, client, row, me, shortcuts, close }: OpenDialogProps) {
  return (
    <>
      {row && which === "hand_back" && <HandBack client={client} row={row} close={close} />}
      {row && which === "snooze" && <Snooze client={client} row={row} close={close} />}
      {row && which === "transfer" && <Transfer client={client} row={row} me={me} close={close} />}
      {which === "keys" && <Keys shortcuts={shortcuts} close={close} />}
    </>
  );
}

export interface DialogProps {
  client: DeskClient;
  row: ConversationFrame;
  close: () => void;
}

function HandBack({ client, row, close }: DialogProps) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const promises = String(form.get("promises")).split("\n").map((line) => line.trim()).filter(Boolean);
    const alone = String(form.get("alone")).trim();
    const outcome = String(form.get("outcome")).trim();
    if (!outcome) return; // blanks say nothing to the bot
    client.send({
      type: "hand_back",
      conversation: row.conversation,
      epoch: row.epoch,
      outcome,
      open_promises: promises,
      ...(alone ? { leave_alone: alone } : {}),
    });
    close();
  };
  return (
    <Modal title={`Hand ${nameOf(row)} back to the bot`} close={close}>
      <form onSubmit={submit}>
        <label>
          What came of it
          <span class="hint">Two lines. The bot builds on them in its next answer.</span>
          <textarea name="outcome" rows={2} required maxLength={1000} dir="auto" />
        </label>
        <label>
          Open promises
          <span class="hint">One per line: what the company still owes this customer.</span>
          <textarea name="promises" rows={2} maxLength={3000} dir="auto" />
        </label>
        <label>
          What the bot must leave alone
          <input name="alone" maxLength={500} dir="auto" />
        </label>
        <Foot close={close} does="Hand back" />
      </form>
    </Modal>
  );
}

function until(choice: string, own: string): string | null {
  const at = new Date();
  if (choice === "hour") at.setHours(at.getHours() + 1);
  else if (choice === "tomorrow") at.setHours(24 + 9, 0, 0, 0);
  else if (choice === "week") at.setHours(24 * 7 + 9, 0, 0, 0);
  else if (choice === "own" && own) return new Date(own).toISOString();
  else return null;
  return at.toISOString();
}

const SNOOZES = [
  ["reply", "Until the customer writes"],
  ["hour", "For an hour"],
  ["tomorrow", "Until tomorrow, 9:00"],
  ["week", "For a week"],
  ["own", "Until…"],
] as const;

function Snooze({ client, row, close }: DialogProps) {
  const [choice, setChoice] = useState("reply");
  const [own, setOwn] = useState("");
  return (
    <Modal title={`Snooze ${nameOf(row)}`} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const end = until(choice, own);
          client.send({ type: "snooze", conversation: row.conversation, epoch: row.epoch, ...(end ? { until: end } : {}) });
          close();
        }}
      >
        <fieldset>
          <legend>It comes back when the customer writes, or earlier:</legend>
          {SNOOZES.map(([value, name]) => (
            <label class="pick">
              <input type="radio" name="until" value={value} checked={choice === value} onChange={() => setChoice(value)} />
              {name}
            </label>
          ))}
        </fieldset>
        {choice === "own" && (
          <label>
            Day and time
            <input type="datetime-local" required value={own} onInput={(event) => setOwn(event.currentTarget.value)} />
          </label>
        )}
        <Foot close={close} does="Snooze" />
      </form>
    </Modal>
  );
}

function Keys({ shortcuts, close }: { shortcuts: readonly Shortcut[]; close: () => void }) {
  return (
    <Modal title="Keyboard" close={close}>
      <dl class="keys">
        {shortcuts.map((one) => (
          <div>
            <dt>
              <kbd>Alt</kbd> <kbd>{one.key}</kbd>
            </dt>
            <dd>{one.does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>Send; with Shift, a new line</dd>
        </div>
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>This list</dd>
        </div>
      </dl>
      <div class="foot">
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
    </Modal>
  );
}
