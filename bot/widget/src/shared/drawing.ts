// Lines that come together are drawn together: catching up on a long conversation draws it a few times, not
// hundreds. What a hand does (a click, a key) is drawn at once.
import { options } from "preact";

const TOGETHER = 8; // milliseconds; half a frame of the screen

let hearing = false;

/** Runs `take` for a frame from the socket; what it changes is drawn a moment later. */
export function heardNow(take: () => void): void {
  hearing = true;
  try {
    take();
  } finally {
    hearing = false;
  }
}

export function drawTogether(): void {
  options.debounceRendering = (draw) => (hearing ? setTimeout(draw, TOGETHER) : queueMicrotask(draw));
}
