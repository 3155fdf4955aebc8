// Turns the service's HTML of a message into nodes we build ourselves: a few tags, no attributes but a checked link.
// The HTML is parsed in an inert document and copied; it never enters the page as HTML.
import { h, type ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";

const KEPT = new Set(["p", "br", "strong", "em", "b", "i", "ul", "ol", "li", "code", "pre", "blockquote", "h3", "h4"]);
// Not even the words of these are shown: they were never meant to be read.
const DROPPED = new Set(["script", "style", "template", "noscript", "iframe", "object", "embed", "svg", "math", "head", "title", "textarea", "select"]);
const DEEPEST = 20; // nesting beyond this is nobody's message

/** The address if a page may link to it (http, https, mailto), else null. */
export function safeUrl(address: string | null | undefined): string | null {
  if (!address) return null;
  try {
    const url = new URL(address, "https://relative.invalid");
    if (url.host === "relative.invalid") return null;
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function copied(node: Node, depth: number): ComponentChildren {
  if (node.nodeType === 3) return node.nodeValue;
  if (node.nodeType !== 1 || depth > DEEPEST) return null;
  const element = node as Element;
  const tag = element.localName;
  if (DROPPED.has(tag)) return null;
  const inside = [...element.childNodes].map((child) => copied(child, depth + 1));
  if (tag === "a") {
    const href = safeUrl(element.getAttribute("href"));
    return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, inside) : inside;
  }
  if (tag === "br") return h("br", null);
  return KEPT.has(tag) ? h(tag, null, inside) : inside;
}

/** The nodes for `html`, built from the allow-list. */
export function richText(html: string): ComponentChildren {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [...parsed.body.childNodes].map((node) => copied(node, 0));
}

/** A message's words: its HTML when the service rendered one, else its text as text. */
export function Words({ text, html }: { text: string; html?: string | null | undefined }) {
  // Built once: a long conversation is drawn again with every line that comes.
  return useMemo(
    () => (
      <div class="words" dir="auto">
        {html ? richText(html) : <p class="plain">{text}</p>}
      </div>
    ),
    [text, html],
  );
}
