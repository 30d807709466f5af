import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { delayAfter, delayMillisFirst, delayMillisMax, Push, type Connection, type Source } from "./push";

class FakeSource implements Source {
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  readonly listeners = new Map<string, (event: { data: string }) => void>();

  addEventListener(type: string, listener: (event: { data: string }) => void): void {
    this.listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string, data: string): void {
    this.listeners.get(type)?.({ data });
  }
}

let sources: FakeSource[] = [];
let states: Connection[] = [];
let heard: string[] = [];

function start(silenceMillisMax: number): Push {
  return new Push({
    url: "/api/events",
    silenceMillisMax,
    on: { status: (data) => heard.push(data) },
    onConnection: (state) => states.push(state),
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
  });
}

const last = () => sources[sources.length - 1] as FakeSource;

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  states = [];
  heard = [];
});
afterEach(() => vi.useRealTimers());

test("connects, hears, and says so", () => {
  start(0);
  expect(states).toEqual(["connecting"]);
  last().onopen?.();
  last().say("status", "1");
  expect(heard).toEqual(["1"]);
  expect(states[states.length - 1]).toBe("live");
});

test("after an error it closes and comes back after the first delay", () => {
  start(0);
  last().onopen?.();
  last().onerror?.();
  expect(sources[0]?.closed).toBe(true);
  expect(states[states.length - 1]).toBe("reconnecting");
  vi.advanceTimersByTime(delayMillisFirst - 1);
  expect(sources.length).toBe(1);
  vi.advanceTimersByTime(1);
  expect(sources.length).toBe(2);
  last().onopen?.();
  expect(states[states.length - 1]).toBe("live");
});

test("delays double up to a limit, and begin anew after a success", () => {
  expect([1, 2, 3, 4, 5, 60].map(delayAfter)).toEqual([500, 1000, 2000, 4000, delayMillisMax, delayMillisMax]);
  start(0);
  last().onerror?.();
  vi.advanceTimersByTime(500);
  last().onerror?.();
  vi.advanceTimersByTime(999);
  expect(sources.length).toBe(2);
  vi.advanceTimersByTime(1);
  last().onopen?.();
  last().onerror?.();
  vi.advanceTimersByTime(500);
  expect(sources.length).toBe(4);
});

test("a silent stream counts as dead; one that talks does not", () => {
  start(5_000);
  last().onopen?.();
  vi.advanceTimersByTime(4_000);
  last().say("status", "1");
  vi.advanceTimersByTime(4_999);
  expect(states[states.length - 1]).toBe("live");
  vi.advanceTimersByTime(1);
  expect(states[states.length - 1]).toBe("reconnecting");
});

test("what an abandoned connection still says is not heard", () => {
  start(0);
  const old = last();
  old.onerror?.();
  vi.advanceTimersByTime(delayMillisFirst);
  old.say("status", "stale");
  expect(heard).toEqual([]);
});

test("retryNow does not wait, and does nothing to a living connection", () => {
  const push = start(0);
  last().onopen?.();
  push.retryNow();
  expect(sources.length).toBe(1);
  last().onerror?.();
  push.retryNow();
  expect(sources.length).toBe(2);
  vi.advanceTimersByTime(60_000);
  expect(sources.length).toBe(2);
});

test("after close nothing is opened any more", () => {
  const push = start(5_000);
  last().onerror?.();
  push.close();
  vi.advanceTimersByTime(60_000);
  expect(sources.length).toBe(1);
  expect(last().closed).toBe(true);
});
