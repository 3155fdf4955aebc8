// What is typed into a template's form: kept as text, read back, and made into what the service is sent. Pure.
import { count } from "../../../bot/widget/src/shared/words";
import type { TemplatePart } from "../../../bot/widget/src/shared/wire_marks";

export interface Filled {
  name: string;
  language: string;
  parameters: string; // one a line
  text: string;
}

const MOST = 20; // parameters the service takes, of at most LONGEST characters: handover/agent_parts.py
const LONGEST = 1_024;

/** What was kept, if it is a form's; else an empty one. */
export function filledIn(kept: string): Filled {
  const empty: Filled = { name: "", language: "en", parameters: "", text: "" };
  try {
    const found: unknown = JSON.parse(kept);
    if (typeof found !== "object" || found === null) return empty;
    const texts = Object.entries(found).filter(([field, value]) => field in empty && typeof value === "string");
    return { ...empty, ...Object.fromEntries(texts) };
  } catch {
    return empty;
  }
}

/** The template, or what it lacks. */
export function templateIn({ name, language, parameters, text }: Filled): { template: TemplatePart | null; lacks: string } {
  const lines = parameters.split("\n").map((line) => line.trim()).filter(Boolean);
  const wrong =
    (!name.trim() && "Write the template's name.") ||
    (!language.trim() && "Write its language.") ||
    (!text.trim() && "Write what it reads like.") ||
    (lines.length > MOST && `At most ${count(MOST, "parameter")} fit.`) ||
    (lines.some((line) => line.length > LONGEST) && `A parameter holds at most ${LONGEST} characters.`) ||
    "";
  if (wrong) return { template: null, lacks: wrong };
  return { template: { name: name.trim(), language: language.trim(), ...(lines.length ? { parameters: lines } : {}) }, lacks: "" };
}
