// A value to put into another page: shown whole, with a button that copies it.
import { useEffect, useState } from "preact/hooks";

const SAYS_SO = 2_000; // milliseconds

interface CopiedProps {
  label: string;
  value: string;
  of: string;
  hint?: string;
}

export function Copied({ label, value, of, hint }: CopiedProps) {
  const [state, setState] = useState<"" | "Copied" | "Copy it by hand">("");
  useEffect(() => {
    if (!state) return;
    const timer = setTimeout(() => setState(""), SAYS_SO);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = (): void => {
    // Pages that are not on https have no clipboard.
    const done = navigator.clipboard?.writeText(value) ?? Promise.reject(new Error("no clipboard"));
    done.then(
      () => setState("Copied"),
      () => setState("Copy it by hand"),
    );
  };
  return (
    <div>
      <dt>
        {label}
        {hint && <span class="hint"> {hint}</span>}
      </dt>
      <dd>
        <code>{value}</code>
        <button type="button" class="quiet small" aria-label={`Copy the ${label.toLowerCase()} of ${of}`} onClick={copy}>
          {state || "Copy"}
        </button>
        <span role="status" class="unseen">
          {state}
        </span>
      </dd>
    </div>
  );
}
