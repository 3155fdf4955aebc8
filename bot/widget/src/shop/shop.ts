// The demo shop's own few lines: its help buttons open the widget, whether or not it has loaded yet.
type Queue = { push(...calls: unknown[][]): unknown };

const page = window as unknown as { Switchboard?: Queue };

for (const button of document.querySelectorAll<HTMLElement>("[data-open-help]")) {
  button.addEventListener("click", () => {
    page.Switchboard ??= [] as unknown[][];
    page.Switchboard.push(["open", button.dataset.openHelp]);
  });
}

export {};
