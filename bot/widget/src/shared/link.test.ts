import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Link, type LinkState } from "./link";
import { ANSWER_LIMIT, QUIET_LIMIT } from "./reconnect";

/** A socket in the hand of the test. */
class HandSocket {
  static made: HandSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor() {
    HandSocket.made.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  ends(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const last = (): HandSocket => HandSocket.made.at(-1)!;

describe("a link", () => {
  const states: LinkState[] = [];
  const frames: object[] = [];
  let greetings = 0;
  let link: Link<object, object>;

  beforeEach(() => {
    vi.useFakeTimers();
    HandSocket.made = [];
    states.length = frames.length = greetings = 0;
    link = new Link<object, object>(
      "ws://x",
      {
        greet: () => void (greetings += 1),
        frame: (frame) => void frames.push(frame),
        state: (state) => void states.push(state),
        closed: (code) => code !== 4401,
      },
      { open: () => new HandSocket() as unknown as WebSocket, now: () => Date.now(), random: () => 0.5 },
    );
    link.start();
  });
  afterEach(() => {
    link.stop();
    vi.useRealTimers();
  });

  it("greets when it opens, and again after it was lost", () => {
    last().opens();
    last().ends(1006);
    expect(states.at(-1)).toBe("lost");
    vi.advanceTimersByTime(1_000);
    last().opens();
    expect(greetings).toBe(2);
    expect(HandSocket.made).toHaveLength(2);
  });

  it("says that nothing was sent while there is no line", () => {
    expect(link.send({ type: "say" })).toBe(false);
    last().opens();
    expect(link.send({ type: "say" })).toBe(true);
    expect(last().sent).toEqual(['{"type":"say"}']);
  });

  it("asks a line that has gone quiet for a sign of life, and leaves one that gives none", () => {
    last().opens();
    vi.advanceTimersByTime(QUIET_LIMIT + 2_000);
    expect(greetings).toBe(2);
    vi.advanceTimersByTime(ANSWER_LIMIT + 3_000);
    expect(states).toContain("lost");
    expect(HandSocket.made).toHaveLength(2);
  });

  it("stays with a quiet line that answers", () => {
    last().opens();
    vi.advanceTimersByTime(QUIET_LIMIT + 2_000);
    last().says({ type: "welcome" });
    vi.advanceTimersByTime(ANSWER_LIMIT + 3_000);
    expect(HandSocket.made).toHaveLength(1);
  });

  it("stops trying when it is told to", () => {
    last().opens();
    last().ends(4401);
    vi.advanceTimersByTime(120_000);
    expect(HandSocket.made).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });

  it("hears nothing from a socket it has left", () => {
    last().opens();
    const left = last();
    link.restart();
    left.says({ type: "entry" });
    expect(frames).toEqual([]);
  });
});
