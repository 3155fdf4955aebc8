// The team: who is there, what each can do and how much they hold. Leads and admins change it, agents read it.
import { useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { DeskClient } from "../desk_client";
import { languageName } from "../lease";
import { rest, type AgentRow, type Team } from "../rest";
import { byReach, isThere, loadWords, presenceWords } from "../standing";
import { AgentEditor } from "./agent_editor";
import { PageFrame } from "./page_frame";
import { useAskedAgain } from "./ticking";

const AGAIN = 15; // seconds

const ROLES = { admin: "Admin", lead: "Lead", agent: "Agent" };

export function TeamPage({ client }: { client: DeskClient }) {
  const people = useObserved(client.people);
  const me = useObserved(client.desk).me;
  const [teams, setTeams] = useState<readonly Team[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const [editing, edit] = useState<AgentRow | null>(null);
  const ask = (): void => {
    Promise.all([client.meet(), rest.teams().then(setTeams)]).then(
      () => setProblem(null),
      (error: Error) => setProblem(error.message),
    );
  };
  useAskedAgain(ask, AGAIN);
  const rows = byReach([...people.values()]);
  const may = me?.role === "admin" || me?.role === "lead";
  const there = rows.filter(isThere).length;
  return (
    <PageFrame title="Team" says={rows.length ? `${there} of ${rows.length} at the desk` : ""} problem={problem} again={ask}>
      {rows.length === 0 && !problem && <p role="status">Loading the team…</p>}
      {teams.length > 0 && <Teams teams={teams} />}
      {rows.length > 0 && <People rows={rows} me={me?.id} edit={may ? edit : null} />}
      {editing && (
        <AgentEditor
          row={editing}
          teams={teams.map(({ team }) => team)}
          skills={[...new Set(rows.flatMap(({ agent }) => agent.skills ?? []))].sort()}
          close={() => edit(null)}
          saved={(name) => {
            client.tell(`${name}: saved.`);
            ask();
          }}
        />
      )}
    </PageFrame>
  );
}

function Teams({ teams }: { teams: readonly Team[] }) {
  return (
    <ul class="teams" aria-label="Teams">
      {teams.map(({ team, here, members, waiting }) => (
        <li key={team}>
          <strong dir="auto">{team}</strong>{" "}
          <span>
            {here} of {members.length} here
          </span>
          {waiting > 0 && <span class="mark offered">{waiting} waiting</span>}
        </li>
      ))}
    </ul>
  );
}

interface PeopleProps {
  rows: readonly AgentRow[];
  me: string | undefined;
  edit: ((row: AgentRow) => void) | null;
}

const HEADS = ["Name", "Here", "Load", "Skills", "Languages", "Teams"];

function People({ rows, me, edit }: PeopleProps) {
  // On a narrow screen the rows are drawn as cards; the roles keep it a table for those who are read to.
  return (
    <table class="sheet" role="table" aria-label="People at the desk">
      <thead role="rowgroup">
        <tr role="row">
          {HEADS.map((head) => (
            <th role="columnheader" scope="col">
              {head}
            </th>
          ))}
          {edit && (
            <th role="columnheader" scope="col">
              <span class="unseen">Change</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <Person key={row.agent.id} row={row} mine={row.agent.id === me} edit={edit} />
        ))}
      </tbody>
    </table>
  );
}

function Person({ row, mine, edit }: { row: AgentRow; mine: boolean; edit: PeopleProps["edit"] }) {
  const { agent } = row;
  const there = isThere(row) ? agent.availability : "offline";
  return (
    <tr role="row" class={row.disabled ? "closed" : ""}>
      <th role="rowheader" scope="row">
        <span dir="auto">{agent.name}</span>
        {mine && <span class="by"> (you)</span>}
        <span class="by under">
          {ROLES[agent.role]} · {row.email}
        </span>
      </th>
      <td role="cell" data-head="Here">
        <span class={`presence ${there}`}>{presenceWords(row)}</span>
      </td>
      <td role="cell" data-head="Load">
        <Load held={agent.held ?? 0} capacity={agent.capacity} />
      </td>
      <Names head="Skills" names={agent.skills} none="None" />
      <Names head="Languages" names={agent.languages?.map(languageName)} none="Any" />
      <Names head="Teams" names={agent.teams} none="None" />
      {edit && (
        <td role="cell" class="act">
          {!row.disabled && (
            <button type="button" class="quiet small" aria-label={`Change ${agent.name}`} onClick={() => edit(row)}>
              Change
            </button>
          )}
        </td>
      )}
    </tr>
  );
}

function Load({ held, capacity }: { held: number; capacity: number }) {
  return (
    <span class={`load${held >= capacity ? " full" : ""}`}>
      {loadWords({ held, capacity })}
      <progress value={Math.min(held, capacity)} max={capacity} aria-hidden="true" />
    </span>
  );
}

function Names({ head, names, none }: { head: string; names: readonly string[] | null | undefined; none: string }) {
  return (
    <td role="cell" data-head={head} dir="auto">
      {names?.length ? names.join(", ") : <span class="by">{none}</span>}
    </td>
  );
}
