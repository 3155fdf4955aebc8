// What the widget keeps in the browser so that a page change, a reload or a second tab loses nothing.
import type { Ended, Unsent } from "./talk";

interface Kept {
  token: string | null;
  conversation: string | null;
  draft: string;
  seen: number;
  unsent: readonly Unsent[];
  ended: Ended | null;
}

const nothing: Kept = { token: null, conversation: null, draft: "", seen: 0, unsent: [], ended: null };

/** Storage that may be forbidden (private windows, strict settings): then everything lives as long as the page. */
export class Memory {
  private readonly key: string;
  private fallback: Kept = nothing;

  constructor(server: string, private readonly area: Storage | null = localArea()) {
    this.key = `switchboard:${server}`;
  }

  read(): Kept {
    try {
      const text = this.area?.getItem(this.key);
      return text ? { ...nothing, ...(JSON.parse(text) as Partial<Kept>) } : this.fallback;
    } catch {
      return this.fallback;
    }
  }

  keep(part: Partial<Kept>): void {
    this.fallback = { ...this.read(), ...part };
    try {
      this.area?.setItem(this.key, JSON.stringify(this.fallback));
    } catch {
      // Full or forbidden: the fallback holds it until the page goes.
    }
  }

  forget(): void {
    this.fallback = nothing;
    try {
      this.area?.removeItem(this.key);
    } catch {
      // As above.
    }
  }

  /** Calls `changed` when another tab of this site writes; returns the way to stop. */
  watch(changed: (kept: Kept) => void): () => void {
    const listener = (event: StorageEvent): void => {
      if (event.key === this.key || event.key === null) changed(this.read());
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }
}

function localArea(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Whether the panel was open in this tab; a page change must not close it. */
export const openness = {
  read(): boolean {
    try {
      return sessionStorage.getItem("switchboard:open") === "yes";
    } catch {
      return false;
    }
  },
  keep(open: boolean): void {
    try {
      sessionStorage.setItem("switchboard:open", open ? "yes" : "no");
    } catch {
      // Forgotten on the next page, then.
    }
  },
};
