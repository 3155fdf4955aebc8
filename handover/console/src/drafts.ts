// Words an agent has typed and not sent, kept per agent, conversation and tab: a reload or a crash loses none.

export type Tab = "reply" | "note";
/** What is typed and kept: in the two tabs, and a template's form as JSON. */
export type Kept = Tab | "template";

export class Drafts {
  constructor(private readonly agent: string, private readonly area: Storage = localStorage) {}

  private key(conversation: string, tab: Kept): string {
    return `switchboard:draft:${this.agent}:${conversation}:${tab}`;
  }

  read(conversation: string, tab: Kept): string {
    try {
      return this.area.getItem(this.key(conversation, tab)) ?? "";
    } catch {
      return "";
    }
  }

  keep(conversation: string, tab: Kept, text: string): void {
    try {
      if (text) this.area.setItem(this.key(conversation, tab), text);
      else this.area.removeItem(this.key(conversation, tab));
    } catch {
      // Full or forbidden: it lives in the composer until the page goes.
    }
  }
}
