// The console's few HTTP calls: who am I, sign in and out, a list's page, the colleagues.
import type { AgentPart, ConversationFrame } from "../../../bot/widget/src/shared/wire";
import type { View } from "./desk_state";

export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }
}

async function call(method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(`/api/v1/${path}`, {
      method,
      credentials: "same-origin",
      headers: { accept: "application/json", ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch {
    throw new Refused(0, "The service cannot be reached. Is it running, and are you online?", null);
  }
  const text = await answer.text();
  const parsed = /^[{[]/.test(text) ? (JSON.parse(text) as Record<string, unknown>) : {};
  if (answer.ok) return parsed;
  const after = Number(answer.headers.get("retry-after")) || null;
  throw new Refused(answer.status, String(parsed.message ?? `The service answered ${answer.status}.`), after);
}

function agentIn(answer: unknown): AgentPart {
  const found = answer as { agent?: AgentPart } & AgentPart;
  return found.agent ?? found;
}

export const rest = {
  me: async (): Promise<AgentPart> => agentIn(await call("GET", "me")),
  login: async (email: string, password: string): Promise<AgentPart> => agentIn(await call("POST", "login", { email, password })),
  logout: (): Promise<unknown> => call("POST", "logout"),
  /** Everybody who works at the desk now. */
  agents: async (): Promise<AgentPart[]> =>
    ((await call("GET", "agents")) as { agent: AgentPart; disabled: boolean }[]).filter((row) => !row.disabled).map((row) => row.agent),
  /** A page of a list, the last changed first; `more` when there are older ones. */
  rows: async (view: View, before?: number): Promise<{ rows: ConversationFrame[]; more: boolean }> => {
    const page = (await call("GET", `conversations?view=${view}${before ? `&before=${before}` : ""}`)) as {
      rows?: ConversationFrame[];
      next?: number | null;
    };
    return { rows: page.rows ?? [], more: Boolean(page.next) };
  },
};
