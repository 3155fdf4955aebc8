import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HandSocket, lastSocket } from "./hand_socket";
import { Link, type LinkState } from "./link";
import { ANSWER_LIMIT, QUIET_LIMIT, UNTROUBLED } from "./reconnect";

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
    lastSocket().opens();
    link.settled();
    lastSocket().ends(1006);
    expect(states.at(-1)).toBe("away");
    vi.advanceTimersByTime(1_000);
    lastSocket().opens();
    expect(greetings).toBe(2);
    expect(HandSocket.made).toHaveLength(2);
  });

  it("says that nothing was sent while there is no line", () => {
    expect(link.send({ type: "say" })).toBe(false);
    lastSocket().opens();
    expect(link.send({ type: "say" })).toBe(true);
    expect(lastSocket().sent).toEqual(['{"type":"say"}']);
  });

  it("asks a line that has gone quiet for a sign of life, and leaves one that gives none", () => {
    lastSocket().opens();
    vi.advanceTimersByTime(QUIET_LIMIT + 2_000);
    expect(greetings).toBe(2);
    vi.advanceTimersByTime(ANSWER_LIMIT + 3_000);
    expect(HandSocket.made).toHaveLength(2);
  });

  it("stays with a quiet line that answers", () => {
    lastSocket().opens();
    vi.advanceTimersByTime(QUIET_LIMIT + 2_000);
    lastSocket().says({ type: "welcome" });
    vi.advanceTimersByTime(ANSWER_LIMIT + 3_000);
    expect(HandSocket.made).toHaveLength(1);
  });

  it("stops trying when it is told to", () => {
    lastSocket().opens();
    lastSocket().ends(4401);
    vi.advanceTimersByTime(120_000);
    expect(HandSocket.made).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });

  it("hears nothing from a socket it has left", () => {
    lastSocket().opens();
    const left = lastSocket();
    link.restart();
    left.says({ type: "entry" });
    expect(frames).toEqual([]);
  });

  it("troubles nobody with a loss that is over within five seconds", () => {
    lastSocket().opens();
    link.settled();
    lastSocket().ends(1006);
    vi.advanceTimersByTime(UNTROUBLED - 1);
    expect(states).not.toContain("lost");
    lastSocket().opens();
    link.settled();
    vi.advanceTimersByTime(QUIET_LIMIT - 5_000);
    expect(states).not.toContain("lost");
  });

  it("says that it is lost when that lasts, also when sockets open and nobody answers", () => {
    lastSocket().opens();
    link.settled();
    lastSocket().ends(1006);
    for (let i = 0; i < 20; i += 1) {
      vi.advanceTimersByTime(500);
      if (lastSocket().readyState === 0) lastSocket().opens();
      lastSocket().ends(1006);
    }
    expect(states).toContain("lost");
  });

  it("goes elsewhere when the service stops, when it was told to, and shows no error", () => {
    lastSocket().opens();
    link.settled();
    lastSocket().says({ type: "error", code: "moving", message: "…", retry_after: 0.7 });
    lastSocket().ends(1012);
    expect(frames).toEqual([]);
    vi.advanceTimersByTime(699);
    expect(HandSocket.made).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(HandSocket.made).toHaveLength(2);
  });

  it("does not wait for a connection that was silent through a sleep", () => {
    lastSocket().opens();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(HandSocket.made).toHaveLength(2);
    expect(greetings).toBe(1);
  });

  it("does not wait for a connection of the network before, nor for its timer, when the network is back", () => {
    lastSocket().opens();
    dispatchEvent(new Event("online"));
    expect(HandSocket.made).toHaveLength(2);
    lastSocket().ends(1006);
    dispatchEvent(new Event("online"));
    expect(HandSocket.made).toHaveLength(3);
  });

  it("asks nothing of a line on which heartbeats come", () => {
    lastSocket().opens();
    for (let i = 0; i < 10; i += 1) {
      vi.advanceTimersByTime(20_000);
      lastSocket().says({ type: "heartbeat" });
    }
    expect(greetings).toBe(1);
    expect(HandSocket.made).toHaveLength(1);
  });
});
