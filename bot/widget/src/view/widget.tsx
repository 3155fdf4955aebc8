// The launcher and the panel it opens, with their places in the keyboard's path.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Client } from "../client";
import { openness } from "../memory";
import { useObserved, type Observed } from "../shared/observed";
import { count } from "../shared/words";
import { unreadCount } from "../talk";
import { since } from "../waiting_words";
import { Announcer } from "./announcer";
import { CloseIcon, SpeechIcon } from "./icons";
import { Panel } from "./panel";

const PHONE = "(max-width: 480px), (max-height: 420px)";

/** Whether the panel fills the screen; then it is a dialog, else a region beside the page. */
function usePhone(): boolean {
  const [phone, setPhone] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const query = matchMedia(PHONE);
    const changed = (): void => setPhone(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return phone;
}

/** On a phone the page behind stands still, and the panel ends where the keyboard begins. */
function useFullScreen(on: boolean, panel: { current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    if (!on) return;
    const root = document.documentElement;
    const before = root.style.overflow;
    root.style.overflow = "hidden";
    const view = window.visualViewport;
    const fit = (): void => panel.current?.style.setProperty("--seen-height", `${view?.height ?? innerHeight}px`);
    fit();
    view?.addEventListener("resize", fit);
    return () => {
      root.style.overflow = before;
      view?.removeEventListener("resize", fit);
    };
  }, [on]);
}

/** "(2) Boots": the page's own title with the number of unread lines before it, as mail programs do. */
function useCountInTitle(unread: number): void {
  const mark = useRef("");
  useEffect(() => {
    const own = document.title.startsWith(mark.current) ? document.title.slice(mark.current.length) : document.title;
    mark.current = unread ? `(${unread}) ` : "";
    const title = mark.current + own;
    if (title !== document.title) document.title = title;
  }, [unread]);
}

/** When the button that was pressed is gone, the history has the focus, not the page behind: the path goes on from there. */
function useKeptFocus(on: boolean, panel: { current: HTMLElement | null }): void {
  useEffect(() => {
    const box = panel.current;
    if (!on || !box) return;
    let last: Element | null = null;
    const came = (event: FocusEvent): void => void (last = event.target as Element);
    const went = (event: FocusEvent): void => {
      if (last?.isConnected && !event.relatedTarget) queueMicrotask(() => last?.isConnected && (last = null)); // left by will
    };
    const watcher = new MutationObserver(() => {
      if (!last || last.isConnected) return;
      last = null;
      if (document.activeElement === document.body) box.querySelector<HTMLElement>(".scroller")?.focus();
    });
    box.addEventListener("focusin", came);
    box.addEventListener("focusout", went);
    watcher.observe(box, { childList: true, subtree: true });
    return () => watcher.disconnect();
  }, [on]);
}

/** Opening leads to the field and closing to the launcher; which of the two it was outlives the page. */
function useOpening(isOpen: boolean, field: { current: HTMLElement | null }, launcher: { current: HTMLElement | null }): void {
  const wasOpen = useRef(isOpen); // a page that opens with the panel open leaves the focus where it is
  useLayoutEffect(() => {
    if (isOpen === wasOpen.current) return;
    wasOpen.current = isOpen;
    openness.keep(isOpen);
    (isOpen ? field.current : launcher.current)?.focus();
  }, [isOpen]);
}

function keepFocusInside(event: KeyboardEvent, panel: HTMLElement): void {
  const stops = [...panel.querySelectorAll<HTMLElement>("button:not(:disabled), a[href], textarea, input, [tabindex='0']")];
  const here = (panel.getRootNode() as ShadowRoot).activeElement;
  const end = event.shiftKey ? stops[0] : stops.at(-1);
  if (here !== end) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}

export function Widget({ client, open }: { client: Client; open: Observed<boolean> }) {
  const talk = useObserved(client.talk);
  const isOpen = useObserved(open);
  const phone = usePhone();
  const panel = useRef<HTMLElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const launcher = useRef<HTMLButtonElement>(null);
  useFullScreen(phone && isOpen, panel);
  useKeptFocus(isOpen, panel);
  useOpening(isOpen, field, launcher);
  useEffect(() => {
    if (isOpen) client.start();
  }, [isOpen]);
  if (talk.waiting) since(talk.waiting, Date.now()); // a range that comes while the panel is closed runs, too
  const all = unreadCount(talk);
  const unread = isOpen ? 0 : all;
  useCountInTitle(isOpen && document.visibilityState === "visible" ? 0 : all);
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      open.set(false);
    }
    if (event.key === "Tab" && phone) keepFocusInside(event, panel.current!);
  };
  return (
    <div class="root">
      {isOpen && (
        <section
          ref={panel}
          id="panel"
          class="panel"
          role={phone ? "dialog" : "region"}
          aria-modal={phone ? "true" : undefined}
          aria-labelledby="title"
          onKeyDown={keys}
        >
          <Panel client={client} talk={talk} field={field} close={() => open.set(false)} />
        </section>
      )}
      <Launcher button={launcher} isOpen={isOpen} unread={unread} press={() => open.set(!isOpen)} />
      <Announcer talk={talk} />
    </div>
  );
}

interface LauncherProps {
  button: RefObject<HTMLButtonElement | null>;
  isOpen: boolean;
  unread: number;
  press: () => void;
}

function Launcher({ button, isOpen, unread, press }: LauncherProps) {
  return (
    <button
      ref={button}
      type="button"
      class="launcher"
      aria-expanded={isOpen}
      aria-controls={isOpen ? "panel" : undefined}
      aria-label={isOpen ? "Close help" : unread ? `Get help, ${count(unread, "unread message")}` : "Get help"}
      onClick={press}
    >
      {isOpen ? <CloseIcon size={26} /> : <SpeechIcon size={26} />}
      {unread > 0 && (
        <span class="unread" aria-hidden="true">
          {unread > 9 ? "9+" : unread}
        </span>
      )}
    </button>
  );
}
