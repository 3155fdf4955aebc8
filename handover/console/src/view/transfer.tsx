// Passing a conversation on: to everybody who suits, to a team, or to one colleague; one group of choices for the keys.
import { useEffect, useState } from "preact/hooks";
import { useObserved } from "../../../../bot/widget/src/shared/observed";
import type { AgentPart } from "../../../../bot/widget/src/shared/wire";
import { nameOf } from "../reasons";
import { rest, type AgentRow, type Team } from "../rest";
import { byReach, isThere, loadWords, matches, presenceWords } from "../standing";
import type { DialogProps } from "./dialogs";
import { Foot, Modal } from "./modal";

const MANY = 7; // from so many colleagues on there is a field to look for one

type Aim = { to: string } | { team: string } | null; // null: everybody

interface Choices {
  aim: Aim;
  choose: (aim: Aim) => void;
}

export function Transfer({ client, row, me, close }: DialogProps & { me: AgentPart | null }) {
  const people = useObserved(client.people);
  const { teams, problem } = useTeams(() => client.meet());
  const [aim, choose] = useState<Aim>(null);
  const colleagues = byReach([...people.values()].filter(({ agent, disabled }) => agent.id !== me?.id && !disabled));
  return (
    <Modal title={`Transfer ${nameOf(row)}`} close={close}>
      <form
        class="transfer"
        onSubmit={(event) => {
          event.preventDefault();
          client.send({ type: "transfer", conversation: row.conversation, epoch: row.epoch, ...aim });
          close();
        }}
      >
        <fieldset>
          <legend>To whom</legend>
          <Pick name="Everybody who suits" says="It rings at those with room and the skills for it" on={aim === null} pick={() => choose(null)} />
        </fieldset>
        <Teams teams={teams} aim={aim} choose={choose} />
        <Colleagues rows={colleagues} aim={aim} choose={choose} />
        <p class="problem-line" role="alert">
          {problem}
        </p>
        <p class="hint" role="status">
          {warning(aim, people, teams)}
        </p>
        <Foot close={close} does="Transfer" />
      </form>
    </Modal>
  );
}

function useTeams(meet: () => Promise<void>): { teams: readonly Team[]; problem: string | null } {
  const [teams, setTeams] = useState<readonly Team[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const failed = (error: Error): void => setProblem(`Teams and colleagues are shown as last known. ${error.message}`);
    meet().catch(failed);
    rest.teams().then(setTeams, failed);
  }, []);
  return { teams, problem };
}

/** What will happen when nobody there can take it; said before it is done. */
function warning(aim: Aim, people: ReadonlyMap<string, AgentRow>, teams: readonly Team[]): string {
  if (aim && "to" in aim) {
    const row = people.get(aim.to);
    return row && !isThere(row) ? `${row.agent.name} is not at the desk now. It goes to others if they do not take it in time.` : "";
  }
  const team = aim && teams.find((one) => one.team === aim.team);
  return team && !team.here ? "Nobody of this team is at the desk now. It goes to others if they do not take it in time." : "";
}

interface PickProps {
  name: string;
  says: string;
  on: boolean;
  pick: () => void;
  there?: boolean;
}

function Pick({ name, says, on, pick, there = true }: PickProps) {
  return (
    <label class={`pick whom${there ? "" : " away"}`}>
      <input type="radio" name="aim" checked={on} onChange={pick} />
      <span>
        <span dir="auto">{name}</span>
        <span class="hint" dir="auto">
          {says}
        </span>
      </span>
    </label>
  );
}

function Teams({ teams, aim, choose }: Choices & { teams: readonly Team[] }) {
  if (!teams.length) return null;
  return (
    <fieldset>
      <legend>A team</legend>
      {teams.map(({ team, here, members, waiting }) => (
        <Pick
          key={team}
          name={team}
          says={`${here} of ${members.length} here${waiting ? `, ${waiting} waiting` : ""}`}
          on={aim !== null && "team" in aim && aim.team === team}
          pick={() => choose({ team })}
          there={here > 0}
        />
      ))}
    </fieldset>
  );
}

function Colleagues({ rows, aim, choose }: Choices & { rows: readonly AgentRow[] }) {
  const [typed, setTyped] = useState("");
  const chosen = aim !== null && "to" in aim ? aim.to : null;
  const shown = rows.filter((row) => row.agent.id === chosen || matches(row, typed));
  return (
    <fieldset>
      <legend>A colleague</legend>
      {rows.length >= MANY && (
        <label class="find">
          <span class="unseen">Find a colleague by name, skill, language or team</span>
          <input
            type="search"
            value={typed}
            placeholder="Name, skill, language or team"
            onInput={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && event.preventDefault()} // looking is not passing on
          />
        </label>
      )}
      <div class="colleagues">
        {shown.map((row) => (
          <Pick
            key={row.agent.id}
            name={row.agent.name}
            says={[presenceWords(row), loadWords(row.agent), ...(row.agent.skills ?? [])].join(" · ")}
            on={row.agent.id === chosen}
            pick={() => choose({ to: row.agent.id })}
            there={isThere(row)}
          />
        ))}
      </div>
      {!shown.length && <p class="hint">{rows.length ? "Nobody like that." : "You work alone at this desk."}</p>}
    </fieldset>
  );
}
