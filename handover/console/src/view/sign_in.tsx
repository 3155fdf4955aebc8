// The door: e-mail and password, and plain words when they do not open it.
import { useState } from "preact/hooks";
import type { AgentPart } from "../../../../bot/widget/src/shared/wire";
import { SpeechIcon } from "../../../../bot/widget/src/view/icons";
import { Refused, rest } from "../rest";

export function SignIn({ why, enter }: { why: string; enter: (me: AgentPart) => void }) {
  const [problem, setProblem] = useState(why);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setProblem("");
    try {
      enter(await rest.login(String(form.get("email")).trim(), String(form.get("password"))));
    } catch (error) {
      const refused = error as Refused;
      setProblem(refused.message + (refused.retryAfter ? ` Try again in ${refused.retryAfter} seconds.` : ""));
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <form onSubmit={(event) => void submit(event)}>
        <h1>
          <SpeechIcon size={26} /> Switchboard
        </h1>
        <p>Sign in to help customers.</p>
        <label>
          E-mail
          <input name="email" type="email" autocomplete="username" required autofocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <div role="alert">{problem && <p class="problem">{problem}</p>}</div>
        <button type="submit" class="solid" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
