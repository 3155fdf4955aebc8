// What was handed along with the conversation: why, what is known, what was tried; each with the way to its line.
import type { ComponentChildren } from "preact";
import { safeUrl } from "../../../../bot/widget/src/shared/rich_text";
import { count, timeOf } from "../../../../bot/widget/src/shared/words";
import type { Packet } from "../../../../bot/widget/src/shared/wire";
import { CloseIcon } from "../../../../bot/widget/src/view/icons";
import type { DeskClient } from "../desk_client";
import type { DeskState } from "../desk_state";
import { nameOf, reasonWords } from "../reasons";
import { AlsoKnown } from "./also_known";
import { goTo } from "./going";

function At({ offset }: { offset: number | null | undefined }) {
  if (offset === null || offset === undefined) return null;
  return (
    <button type="button" class="at" aria-label={`Show line ${offset}`} onClick={() => goTo(offset)}>
      {offset}
    </button>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface PanelProps {
  client: DeskClient;
  desk: DeskState;
  current: string;
  close: () => void;
}

export function PacketPanel({ client, desk, current, close }: PanelProps) {
  const row = desk.rows.get(current);
  const packet = desk.opened.get(current)?.packet ?? null;
  const profile = Object.entries(row?.customer.profile ?? {});
  return (
    <aside class="packet" aria-label="Details" tabIndex={0}>
      <button type="button" class="quiet small close-side" aria-label="Hide details" onClick={close}>
        <CloseIcon size={16} />
      </button>
      <Part title="Customer">
        <dl>
          <dt>Name</dt>
          <dd dir="auto">{nameOf(row)}</dd>
          {row?.customer.email && (
            <>
              <dt>E-mail</dt>
              <dd>{row.customer.email}</dd>
            </>
          )}
          {profile.map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd dir="auto">{value}</dd>
            </>
          ))}
        </dl>
      </Part>
      {row && <AlsoKnown key={row.customer.id} client={client} desk={desk} row={row} />}
      {packet ? (
        <Handed client={client} packet={packet} current={current} />
      ) : (
        <p class="none">The bot has handed nothing along for this conversation.</p>
      )}
    </aside>
  );
}

function Handed({ client, packet, current }: { client: DeskClient; packet: Packet; current: string }) {
  return (
    <>
      <Why packet={packet} />
      {packet.summary && (
        <Part title="Summary">
          <p dir="auto">{packet.summary}</p>
        </Part>
      )}
      {packet.goal && (
        <Part title="What the customer wants">
          <p dir="auto">{packet.goal}</p>
        </Part>
      )}
      <Known facts={packet.facts ?? []} />
      <Identity packet={packet} />
      {!!packet.tried?.length && (
        <Part title="Tried">
          <Quotes items={packet.tried} />
        </Part>
      )}
      <Found packet={packet} />
      <Promised packet={packet} />
      {packet.suggested_reply && (
        <FirstReply text={packet.suggested_reply} use={(text) => client.write(current, "reply", text)} />
      )}
    </>
  );
}

function Why({ packet }: { packet: Packet }) {
  return (
    <Part title="Why a person">
      <p class="why">
        <span class="reason">{reasonWords(packet.reason)}</span>
      </p>
      {packet.because && <p>{packet.because}</p>}
      <Quotes items={packet.evidence} />
    </Part>
  );
}

function FirstReply({ text, use }: { text: string; use: (text: string) => void }) {
  return (
    <Part title="Suggested first reply">
      <p dir="auto" class="suggested">
        {text}
      </p>
      <button type="button" class="quiet small" onClick={() => use(text)}>
        Put into the reply
      </button>
    </Part>
  );
}

/** What somebody said comes first; the dialogue's own counters and flags only when they are looked for. */
function Known({ facts }: { facts: NonNullable<Packet["facts"]> }) {
  if (!facts.length) return null;
  const said = facts.filter((fact) => fact.said_by !== "system");
  const noted = facts.filter((fact) => fact.said_by === "system");
  return (
    <Part title="Known">
      <Facts facts={said} />
      {noted.length > 0 && (
        <details>
          <summary>{count(noted.length, "thing")} the bot noted itself</summary>
          <Facts facts={noted} />
        </details>
      )}
    </Part>
  );
}

function Facts({ facts }: { facts: NonNullable<Packet["facts"]> }) {
  if (!facts.length) return null;
  return (
    <dl class="facts">
      {facts.map((fact) => (
        <>
          <dt>{fact.name.replaceAll("_", " ")}</dt>
          <dd dir="auto">
            {fact.value} {fact.said_by && fact.said_by !== "customer" && fact.said_by !== "system" && <span class="by">said by {fact.said_by}</span>}{" "}
            <At offset={fact.offset} />
          </dd>
        </>
      ))}
    </dl>
  );
}

function Quotes({ items }: { items: Packet["evidence"] }) {
  if (!items?.length) return null;
  return (
    <ul>
      {items.map((item) => (
        <li dir="auto">
          {item.text} <At offset={item.offset} />
        </li>
      ))}
    </ul>
  );
}

const LEVELS: Record<string, string> = { none: "Not checked", order_verified: "Checked: knows the order and its e-mail" };

function Identity({ packet }: { packet: Packet }) {
  if (!packet.identity && !packet.language) return null;
  return (
    <Part title="Identity and language">
      <p>
        {packet.identity && (LEVELS[packet.identity] ?? packet.identity)}
        {packet.identity && packet.language && " · "}
        {packet.language}
      </p>
    </Part>
  );
}

function Found({ packet }: { packet: Packet }) {
  if (!packet.retrieved?.length) return null;
  return (
    <Part title="Pages the bot found">
      <ul>
        {packet.retrieved.map((page) => {
          const href = safeUrl(page.url);
          return (
            <li dir="auto">
              {href ? <a href={href} target="_blank" rel="noopener noreferrer">{page.title}</a> : page.title}{" "}
              <span class="by">{page.score?.toFixed(2)}</span>
            </li>
          );
        })}
      </ul>
    </Part>
  );
}

function Promised({ packet }: { packet: Packet }) {
  return (
    <>
      {!!packet.promises?.length && (
        <Part title="Promised">
          <ul>
            {packet.promises.map((promise) => (
              <li dir="auto">
                {promise.text} <span class="by">by {promise.by}</span> <At offset={promise.offset} />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {!!packet.hand_backs?.length && (
        <Part title="Earlier hand-backs">
          <ul>
            {packet.hand_backs.map((back) => (
              <li dir="auto">
                <strong>{back.agent}</strong> <span class="by">{back.at && timeOf(back.at)}</span>
                <br />
                {back.outcome}
                {!!back.open_promises?.length && <div>Open: {back.open_promises.join("; ")}</div>}
                {back.leave_alone && <div>Leave alone: {back.leave_alone}</div>}
              </li>
            ))}
          </ul>
        </Part>
      )}
    </>
  );
}
