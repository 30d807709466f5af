// One server-sent event stream that comes back by itself.
//
// EventSource alone gives up after an HTTP error and does not notice a connection that has died without a word. So: every
// failure closes it and opens a new one after a growing delay, and a stream that is silent for longer than the server ever is
// counts as dead.

export type Connection = "connecting" | "live" | "reconnecting";

// What a Push needs of EventSource; a test brings its own.
export interface Source {
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  addEventListener(type: string, listener: (event: { data: string }) => void): void;
  close(): void;
}

export interface PushOptions {
  readonly url: string;
  // By name of the event.
  readonly on: Readonly<Record<string, (data: string) => void>>;
  readonly onConnection: (connection: Connection) => void;
  // Longest silence of a living stream; 0: it may be silent for ever.
  readonly silenceMillisMax: number;
  readonly open?: (url: string) => Source;
}

export const delayMillisFirst = 500;
export const delayMillisMax = 8_000;

export function delayAfter(failures: number): number {
  return Math.min(delayMillisMax, delayMillisFirst * 2 ** Math.max(0, failures - 1));
}

export class Push {
  private source: Source | null = null;
  private failures = 0;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private silenceTimer: ReturnType<typeof setTimeout> | null = null;
  private closed = false;

  constructor(private readonly options: PushOptions) {
    options.onConnection("connecting");
    this.open();
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  // Does not wait for the next attempt: the network is back, or somebody looks at the page again.
  retryNow(): void {
    if (this.closed || this.retryTimer === null) return;
    this.drop();
    this.open();
  }

  private open(): void {
    const source = (this.options.open ?? openEventSource)(this.options.url);
    this.source = source;
    source.onopen = () => this.alive();
    source.onerror = () => this.fail();
    for (const [name, listener] of Object.entries(this.options.on)) {
      source.addEventListener(name, (event) => {
        if (this.source !== source) return;
        this.alive();
        listener(event.data);
      });
    }
    this.watchSilence();
  }

  private alive(): void {
    if (this.closed) return;
    this.failures = 0;
    this.options.onConnection("live");
    this.watchSilence();
  }

  private watchSilence(): void {
    if (this.silenceTimer !== null) clearTimeout(this.silenceTimer);
    this.silenceTimer = null;
    if (this.options.silenceMillisMax > 0) {
      this.silenceTimer = setTimeout(() => this.fail(), this.options.silenceMillisMax);
    }
  }

  private fail(): void {
    if (this.closed) return;
    this.drop();
    this.failures += 1;
    this.options.onConnection("reconnecting");
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      this.open();
    }, delayAfter(this.failures));
  }

  private drop(): void {
    this.source?.close();
    this.source = null;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.silenceTimer !== null) clearTimeout(this.silenceTimer);
    this.retryTimer = null;
    this.silenceTimer = null;
  }
}

function openEventSource(url: string): Source {
  const inner = new EventSource(url);
  const outer: Source = {
    onopen: null,
    onerror: null,
    addEventListener: (type, listener) =>
      inner.addEventListener(type, (event) => listener({ data: String((event as MessageEvent).data) })),
    close: () => inner.close(),
  };
  inner.onopen = () => outer.onopen?.();
  inner.onerror = () => outer.onerror?.();
  return outer;
}
