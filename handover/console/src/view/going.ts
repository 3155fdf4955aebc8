// The way to a line of the open conversation: it comes into sight and takes the focus, so that a reader hears it too.
export function goTo(offset: number): void {
  const line = document.getElementById(`line-${offset}`);
  line?.scrollIntoView({ block: "center" });
  line?.focus({ preventScroll: true });
}
