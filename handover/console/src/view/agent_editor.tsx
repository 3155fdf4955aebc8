// What an agent can do and how much, changed by a lead or an admin; what is wrong is said at its field.
import { useEffect, useRef, useState } from "preact/hooks";
import { listIn } from "../lease";
import { Refused, rest, type AgentChange, type AgentRow } from "../rest";
import { Foot, Modal } from "./modal";

interface EditorProps {
  row: AgentRow;
  teams: readonly string[];
  /** Skills that somebody here has, as a help; policy.yml may know more. */
  skills: readonly string[];
  close: () => void;
  saved: (name: string) => void;
}

interface Wrong {
  field: string | null;
  words: string;
}

export function AgentEditor({ row, teams, skills, close, saved }: EditorProps) {
  const { agent } = row;
  const [wrong, setWrong] = useState<Wrong | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (wrong?.field) form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(wrong.field)}"]`)?.focus();
  }, [wrong]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setBusy(true);
    rest.changeAgent(agent.id, changeIn(new FormData(form.current!))).then(
      () => {
        saved(agent.name);
        close();
      },
      (error: Refused) => {
        setBusy(false);
        setWrong({ field: error.field, words: error.message });
      },
    );
  };
  return (
    <Modal title={`What ${agent.name} takes`} close={close}>
      <form ref={form} onSubmit={submit}>
        <Field name="skills" label="Skills" hint={skills.length ? `Known here: ${skills.join(", ")}` : "Apart by commas"} value={agent.skills} wrong={wrong} />
        <Field name="languages" label="Languages" hint="Codes such as en, de; empty for any" value={agent.languages} wrong={wrong} />
        <TeamBoxes teams={[...new Set([...teams, ...(agent.teams ?? [])])]} has={agent.teams ?? []} wrong={wrong} />
        <label>
          Capacity in slots
          <span class="hint" id="capacity-hint">
            Holds {agent.held ?? 0} now. Lowered below that, nothing is taken away.
          </span>
          <input name="capacity" type="number" min={1} max={100} required defaultValue={String(agent.capacity)} {...marked("capacity", wrong)} />
        </label>
        <Problem name="capacity" wrong={wrong} />
        <div role="alert">{wrong && !FIELDS.includes(wrong.field ?? "") && <p class="problem">{wrong.words}</p>}</div>
        <Foot close={close} does={busy ? "Saving…" : "Save"} busy={busy} />
      </form>
    </Modal>
  );
}

const FIELDS = ["skills", "languages", "teams", "capacity"];

function changeIn(form: FormData): AgentChange {
  return {
    skills: listIn(String(form.get("skills"))),
    languages: listIn(String(form.get("languages"))).map((code) => code.toLowerCase()),
    teams: form.getAll("teams").map(String),
    capacity: Number(form.get("capacity")),
  };
}

function marked(name: string, wrong: Wrong | null) {
  const bad = wrong?.field === name;
  return { "aria-invalid": bad, "aria-describedby": bad ? `${name}-problem` : `${name}-hint` };
}

function Problem({ name, wrong }: { name: string; wrong: Wrong | null }) {
  return (
    <div role="alert" id={`${name}-problem`}>
      {wrong?.field === name && <p class="problem">{wrong.words}</p>}
    </div>
  );
}

interface FieldProps {
  name: string;
  label: string;
  hint: string;
  value: readonly string[] | null | undefined;
  wrong: Wrong | null;
}

function Field({ name, label, hint, value, wrong }: FieldProps) {
  return (
    <>
      <label>
        {label}
        <span class="hint" id={`${name}-hint`} dir="auto">
          {hint}
        </span>
        <input name={name} dir="auto" autocomplete="off" spellcheck={false} defaultValue={(value ?? []).join(", ")} {...marked(name, wrong)} />
      </label>
      <Problem name={name} wrong={wrong} />
    </>
  );
}

function TeamBoxes({ teams, has, wrong }: { teams: readonly string[]; has: readonly string[]; wrong: Wrong | null }) {
  if (!teams.length) return null;
  return (
    <fieldset aria-describedby="teams-problem">
      <legend>Teams</legend>
      <div class="boxes">
        {teams.map((team) => (
          <label class="pick" key={team}>
            <input type="checkbox" name="teams" value={team} defaultChecked={has.includes(team)} />
            <span dir="auto">{team}</span>
          </label>
        ))}
      </div>
      <Problem name="teams" wrong={wrong} />
    </fieldset>
  );
}
