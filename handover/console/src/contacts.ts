// Customers whom an agent joined into one contact: what is known of them, what a join would do, and looking for one.
import { Observed } from "../../../bot/widget/src/shared/observed";
import type { ConversationFrame, Control, LastEntryPart, Lifecycle } from "../../../bot/widget/src/shared/wire";
import { rest } from "./rest";

/** One way a platform knows a customer; `also` are further ids of the same person there. */
export interface Identity {
  inbox: string;
  channel: string;
  external_id: string;
  name?: string | null;
  blocked: boolean;
  also: string[];
}
/** A customer with all that tells them apart; `channels` are those they are known on. */
export interface Customer {
  id: string;
  name?: string | null;
  email?: string | null;
  contact?: string | null;
  identities: Identity[];
  channels: string[];
  last_at?: string | null;
}
export interface OtherConversation {
  conversation: string;
  customer: string;
  inbox: string;
  channel: string;
  lifecycle: Lifecycle;
  control: Control;
  last_entry?: LastEntryPart | null;
  at: string;
}
export interface Deed {
  deed: "joined" | "split";
  agent: string;
  at: string;
  one: string[];
  others: string[];
}
/** A customer; everybody in their contact, themselves first; the conversations of all of them. */
export interface CustomerSeen {
  customer: Customer;
  members: Customer[];
  conversations: OtherConversation[];
  deeds: Deed[];
}

/** What agents call them: their name, what a platform calls them, their address, or the end of their id. */
export function customerName(one: Customer): string {
  return one.name || one.identities.find((known) => known.name)?.name || one.email || `Visitor ${one.id.slice(-4)}`;
}

/** What tells two customers of one name apart: "lena@example.com · lena_b · 4711 · US.1". */
export function identifiers(one: Customer): string {
  const ids = one.identities.flatMap((known) => [known.name === one.name ? "" : known.name, known.external_id, ...known.also]);
  return [...new Set([one.email, ...ids].filter(Boolean))].join(" · ");
}

/** The other conversations of the contact; of those the lists hold, as they are now. */
export function otherConversations(seen: CustomerSeen, rows: ReadonlyMap<string, ConversationFrame>, current: string): OtherConversation[] {
  const now = ({ conversation, ...told }: OtherConversation): OtherConversation => {
    const row = rows.get(conversation);
    if (!row || Date.parse(row.changed_at) <= Date.parse(told.at)) return { conversation, ...told };
    const { lifecycle, control, last_entry = null, changed_at } = row;
    return { ...told, conversation, lifecycle, control, last_entry, at: changed_at };
  };
  return seen.conversations.filter((one) => one.conversation !== current).map(now);
}

/** Where it stands, in a word or two. */
export function standsAt({ lifecycle, control }: Pick<OtherConversation, "lifecycle" | "control">): string {
  if (lifecycle !== "active") return lifecycle === "resolved" ? "Resolved" : "Snoozed";
  return { bot: "With the bot", offered: "Waiting", human: "With a person", nobody: "Left a message" }[control];
}

/** What a join will do, before it is done. */
export function joinWords(seen: CustomerSeen, other: Customer): string[] {
  const more = seen.members.length > 1 || other.contact ? ", together with everybody either is joined with already" : "";
  return [
    `${customerName(seen.customer)} and ${customerName(other)} will be shown as one person${more}.`,
    "Colleagues see their conversations beside each other. Nothing is sent to the customer.",
    "What each has proved to be, their details and what the bot knows of them stay apart.",
    "A note in the open conversations says that you did it. You can split them again.",
  ];
}

/** What a split will do, before it is done. */
export function splitWords(seen: CustomerSeen): string[] {
  const others = seen.members.filter((one) => one.id !== seen.customer.id);
  const stay = others.length > 1 ? ` ${listed(others.map(customerName))} stay joined.` : "";
  return [
    `${customerName(seen.customer)} will no longer be shown as one person with ${listed(others.map(customerName))}.${stay}`,
    "No message is lost, and nothing is sent to the customer. A note in the open conversations says that you did it.",
  ];
}

function listed(names: string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? "");
}

type Calls = Pick<typeof rest, "customer" | "joinCustomers" | "splitCustomer">;

export class AlsoKnownAs {
  readonly state = new Observed<{ seen: CustomerSeen | null; problem: string | null }>({ seen: null, problem: null });
  private asked = 0;

  constructor(
    private readonly customer: string,
    private readonly calls: Calls = rest,
  ) {}

  /** What is shown stays when the service is silent: only a first answer that never came is a problem to show. */
  async refresh(): Promise<void> {
    const question = ++this.asked;
    const [told] = await Promise.allSettled([this.calls.customer(this.customer)]);
    if (question !== this.asked) return; // something newer was asked for meanwhile
    if (told.status === "fulfilled") this.state.set({ seen: told.value, problem: null });
    else if (!this.state.value.seen) this.state.set({ seen: null, problem: (told.reason as Error).message });
  }

  /** Null when it was done, else why not. */
  join(other: string): Promise<string | null> {
    return this.does(() => this.calls.joinCustomers(this.customer, other));
  }

  split(): Promise<string | null> {
    return this.does(() => this.calls.splitCustomer(this.customer));
  }

  private async does(wish: () => Promise<CustomerSeen>): Promise<string | null> {
    const [done] = await Promise.allSettled([wish()]);
    this.asked += 1; // whatever was asked before this is older
    if (done.status === "fulfilled") {
      this.state.set({ seen: done.value, problem: null });
      return null;
    }
    await this.refresh(); // a colleague may have done it
    return (done.reason as Error).message;
  }
}

export interface Search {
  query: string; // the one that `found` answers
  found: Customer[] | null;
  problem: string | null;
}

/** Customers by what is typed: the answer to the newest words wins, whatever order answers come in. */
export class CustomerSearch {
  readonly state = new Observed<Search>({ query: "", found: null, problem: null });
  private asked = 0;

  constructor(
    private readonly not: ReadonlySet<string>,
    private readonly find: (query: string) => Promise<Customer[]> = rest.findCustomers,
  ) {}

  async look(typed: string): Promise<void> {
    const query = typed.trim();
    const question = ++this.asked;
    if (!query) return this.state.set({ query, found: null, problem: null });
    const [told] = await Promise.allSettled([this.find(query)]);
    if (question !== this.asked) return;
    if (told.status === "rejected") this.state.set({ query, found: null, problem: (told.reason as Error).message });
    else this.state.set({ query, found: told.value.filter((one) => !this.not.has(one.id)), problem: null });
  }
}
