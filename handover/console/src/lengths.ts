// How long a reply is in the unit of the platform it goes to, and in how many messages it will be sent. Pure.
import { count } from "../../../bot/widget/src/shared/words";
import type { Ability } from "./channels";

const NEAR = 0.8; // of the limit: from here on the counter is shown
const UNITS: Record<string, string> = { characters: "characters", utf16: "UTF-16 units", bytes: "bytes" };

type Limit = Pick<Ability, "limit" | "unit">;

/** As bot/channels/splitting.py measures: code points, UTF-16 units or UTF-8 bytes. */
export function lengthIn(unit: string, text: string): number {
  if (unit === "bytes") return new TextEncoder().encode(text).length;
  return unit === "utf16" ? text.length : [...text].length;
}

/** What the counter says; null while the text is well within one message. */
export function lengthWords(text: string, ability: Limit | undefined): { counter: string; split: string } | null {
  if (!ability) return null;
  const words = text.trim();
  const length = lengthIn(ability.unit, words);
  if (length < ability.limit * NEAR) return null;
  const counter = `${length.toLocaleString()} of ${ability.limit.toLocaleString()} ${UNITS[ability.unit] ?? ability.unit}`;
  const messages = length > ability.limit ? messagesOf(words, ability) : 1;
  return { counter, split: messages > 1 ? `It will be sent as ${count(messages, "message")}.` : "" };
}

/**
 * How many messages the service makes of `text`: each as full as it can be and cut, in its later half, between
 * paragraphs, lines, sentences or words. The service also keeps addresses and Markdown whole, which rarely adds one.
 */
export function messagesOf(text: string, { limit, unit }: Limit): number {
  const atoms = graphemes(text).flatMap((one) => (lengthIn(unit, one) <= limit ? [one] : [...one]));
  const sizes = atoms.map((one) => lengthIn(unit, one));
  let messages = 0;
  for (let start = 0; start < atoms.length; ) {
    let filled = 0;
    let end = start;
    while (end < atoms.length && (filled += sizes[end]!) <= limit) end += 1;
    end = Math.max(end, start + 1);
    const cut = end === atoms.length ? end : bestCut(atoms, start, end);
    if (atoms.slice(start, cut).some((one) => one.trim())) messages += 1;
    start = cut;
  }
  return messages;
}

function graphemes(text: string): string[] {
  if (typeof Intl.Segmenter === "undefined") return [...text]; // browsers of 2022: a count may be one too low
  return [...new Intl.Segmenter().segment(text)].map((one) => one.segment);
}

function bestCut(atoms: readonly string[], start: number, end: number): number {
  const earliest = start + Math.floor((end - start) / 2);
  let best = end;
  let rank = rankOf(atoms, end);
  for (let place = end - 1; place > earliest && rank > 0; place -= 1) {
    const found = rankOf(atoms, place);
    if (found < rank) [best, rank] = [place, found];
  }
  return best;
}

const blank = (one: string | undefined): boolean => one !== undefined && !one.trim();

/** How good a cut before `place` is: 0 between paragraphs, 1 lines, 2 sentences, 3 words, 4 inside a word. */
function rankOf(atoms: readonly string[], place: number): number {
  const before = atoms[place - 1]!;
  const after = atoms[place]!;
  if (!blank(before) && !blank(after)) return 4;
  if (/\n\s*\n/.test(atoms.slice(Math.max(place - 3, 0), place + 2).join(""))) return 0;
  if (/[\n\r]/.test(before + after)) return 1;
  const word = blank(before) ? (atoms[place - 2] ?? "") : before;
  return /[.!?…。！？]['"”’)\]]*$/.test(word) ? 2 : 3;
}
