// Signed in or not; and what is shown until that is known.
import { useEffect, useState } from "preact/hooks";
import type { AgentPart } from "../../../../bot/widget/src/shared/wire";
import { DeskClient } from "../desk_client";
import { Refused, rest } from "../rest";
import { Desk } from "./desk";
import { SignIn } from "./sign_in";

type Who = { kind: "asking" } | { kind: "nobody"; why: string } | { kind: "agent"; client: DeskClient };

export function App() {
  const [who, setWho] = useState<Who>({ kind: "asking" });
  const enter = (me: AgentPart): void => {
    const client = new DeskClient(me, () => {
      client.stop();
      setWho({ kind: "nobody", why: "You were signed out. Your unsent words are kept." });
    });
    client.start();
    setWho({ kind: "agent", client });
  };
  const ask = (): void => {
    rest.me().then(enter, (error: unknown) => {
      const refused = error as Refused;
      setWho({ kind: "nobody", why: refused.status === 401 ? "" : refused.message });
    });
  };
  useEffect(ask, []);
  if (who.kind === "asking") {
    return (
      <main class="door">
        <p role="status">Loading…</p>
      </main>
    );
  }
  if (who.kind === "nobody") return <SignIn why={who.why} enter={enter} />;
  const leave = (): void => {
    who.client.stop();
    rest.logout().finally(() => setWho({ kind: "nobody", why: "" }));
  };
  return <Desk client={who.client} leave={leave} />;
}
