// Starts the widget on a shop's page: <script src="/widget.js" data-server="https://…" async></script>
import { render } from "preact";
import { drawTogether } from "./shared/drawing";
import { makeApi, type SwitchboardApi } from "./api";
import { Client } from "./client";
import { openness } from "./memory";
import tokens from "./shared/tokens.css?inline";
import { Observed } from "./shared/observed";
import cards from "./view/cards.css?inline";
import lines from "./view/lines.css?inline";
import sheet from "./view/widget.css?inline";
import { Widget } from "./view/widget";

declare global {
  interface Window {
    Switchboard?: SwitchboardApi | unknown[][];
  }
}

/** A constructed sheet: styles under a policy that forbids inline ones. */
function styled(root: ShadowRoot): void {
  const texts = [tokens, lines, sheet, cards];
  if (!("adoptedStyleSheets" in root)) {
    // Safari before 16.4. It needs a policy that allows inline styles; every newer browser does not.
    const made = document.createElement("style");
    made.textContent = texts.join("\n");
    (root as ShadowRoot).append(made);
    return;
  }
  root.adoptedStyleSheets = texts.map((text) => {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    return made;
  });
}

/** The theme of the script tag, else of the page's root element; without either the system's is used. */
function themed(host: HTMLElement, wished: string | undefined): void {
  const page = document.documentElement;
  const apply = (): void => {
    const theme = wished ?? page.dataset.theme;
    if (theme) host.dataset.theme = theme;
    else delete host.dataset.theme;
  };
  apply();
  new MutationObserver(apply).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
}

function start(script: HTMLScriptElement | null): void {
  const queued = window.Switchboard;
  if (queued && !Array.isArray(queued)) return; // loaded twice: the first one works
  const own = script?.src ? new URL(script.src).origin : location.origin;
  const server = (script?.dataset.server || own).replace(/\/+$/, "");
  const host = document.createElement("switchboard-widget");
  themed(host, script?.dataset.theme);
  const root = host.attachShadow({ mode: "open" });
  styled(root);
  const box = document.createElement("div"); // of its own: what is rendered clears what it finds
  root.append(box);
  const open = new Observed(openness.read());
  const client = new Client(server);
  const api = makeApi(client, open);
  window.Switchboard = api;
  const place = (): void => {
    document.body.append(host);
    render(<Widget client={client} open={open} />, box);
    if (client.known) client.start();
    if (Array.isArray(queued)) api.push(...(queued as [string, ...unknown[]][]));
  };
  if (document.body) place();
  else addEventListener("DOMContentLoaded", place);
}

drawTogether();

start(document.currentScript as HTMLScriptElement | null);
