// The one place that sends requests. Every path is relative to the page's own origin.

import type {
  Alarm,
  AlarmEvent,
  Chart,
  DeadLetters,
  Delivery,
  DeliveryState,
  ErrorBody,
  ExplainedEvent,
  Finding,
  History,
  ReloadOutcome,
  SampledRows,
  Sql,
} from "./types";

const timeoutMillis = 15_000;

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { source?: string }) => unknown;

// Integers that a double cannot hold stay text, with every digit, where the browser shows the source.
const keepDigits: Reviver = (_key, value, context) =>
  typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source !== undefined
    ? context.source
    : value;

export function parseJson<T>(text: string): T {
  return JSON.parse(text, keepDigits) as T;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly text?: string; // The body; else a POST has an empty object.
  readonly alsoGood?: number; // A status whose answer is no error.
}

async function call<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, given?: AbortSignal | Options): Promise<T> {
  const options: Options = given instanceof AbortSignal ? { signal: given } : (given ?? {});
  const signal = options.signal;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMillis);
  signal?.addEventListener("abort", () => timeout.abort());
  try {
    const init: RequestInit = { method, signal: timeout.signal, headers: { Accept: "application/json" } };
    if (method === "POST") {
      // A JSON body makes browsers ask first before another site's page may send this.
      init.headers = { Accept: "application/json", "Content-Type": "application/json" };
      init.body = "{}";
    }
    if (options.text !== undefined) {
      init.headers = { Accept: "application/json", "Content-Type": "application/sql" };
      init.body = options.text;
    }
    const response = await fetch(path, init);
    const text = await response.text();
    if (!response.ok && response.status !== options.alsoGood) throw errorOf(response.status, text);
    return (text === "" ? undefined : parseJson<T>(text)) as T;
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted === true) throw error;
    if (timeout.signal.aborted) throw new ApiError("Timeout", `No answer within ${timeoutMillis / 1000} s.`);
    throw new ApiError("Unavailable", "The server cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
}

function errorOf(status: number, text: string): ApiError {
  try {
    const body = parseJson<ErrorBody>(text);
    return new ApiError(body.error.code, body.error.message);
  } catch {
    return new ApiError(`Http${status}`, `The server answered with HTTP status ${status}.`);
  }
}

type Query = Readonly<Record<string, string | number | undefined>>;

export function pathOf(parts: readonly string[], query: Query = {}): string {
  const parameters = Object.entries(query)
    .filter((entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const path = `/api/${parts.map(encodeURIComponent).join("/")}`;
  return parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
}

export const eventsPath = pathOf(["events"]);

export function tailPath(app: string, stream: string): string {
  return pathOf(["apps", app, "streams", stream, "tail"]);
}

export function getCharts(app: string, signal?: AbortSignal): Promise<Chart[]> {
  return call("GET", pathOf(["apps", app, "charts"]), signal);
}

export function getRows(app: string, stream: string, limit: number, signal?: AbortSignal): Promise<SampledRows> {
  return call("GET", pathOf(["apps", app, "streams", stream, "rows"], { limit }), signal);
}

export function getSql(app: string, signal?: AbortSignal): Promise<Sql> {
  return call("GET", pathOf(["apps", app, "sql"]), signal);
}

export function checkSql(app: string, sql: string): Promise<{ readonly findings: readonly Finding[] }> {
  return call("POST", pathOf(["apps", app, "sql", "check"]), { text: sql });
}

// A text with errors is refused with 422, and says why like one that runs.
export function putSql(app: string, sql: string): Promise<ReloadOutcome> {
  return call("PUT", pathOf(["apps", app, "sql"]), { text: sql, alsoGood: 422 });
}

export function getAlarms(app: string, signal?: AbortSignal): Promise<Alarm[]> {
  return call("GET", pathOf(["apps", app, "alarms"]), signal);
}

export function getAlarmEvents(app: string, page: { limit: number; before?: number | undefined }, signal?: AbortSignal) {
  return call<AlarmEvent[]>("GET", pathOf(["apps", app, "alarms", "events"], page), signal);
}

export function explainAlarmEvent(app: string, id: number, signal?: AbortSignal): Promise<ExplainedEvent> {
  return call("GET", pathOf(["apps", app, "alarms", "events", String(id)]), signal);
}

export function getDeliveries(
  app: string,
  page: { limit: number; before?: number | undefined; state?: DeliveryState | undefined },
  signal?: AbortSignal,
) {
  return call<Delivery[]>("GET", pathOf(["apps", app, "alarms", "deliveries"], page), signal);
}

export function redriveDelivery(app: string, id: number): Promise<unknown> {
  return call("POST", pathOf(["apps", app, "alarms", "deliveries", String(id), "redrive"]));
}

export function getHistory(app: string, signal?: AbortSignal): Promise<History[]> {
  return call("GET", pathOf(["apps", app, "history"]), signal);
}

export function getDeadLetters(app: string, page: { limit: number; after?: string | undefined }, signal?: AbortSignal) {
  return call<DeadLetters>("GET", pathOf(["apps", app, "dead-letters"], page), signal);
}

export function redriveDeadLetter(app: string, id: string): Promise<unknown> {
  return call("POST", pathOf(["apps", app, "dead-letters", id, "redrive"]));
}

export function deleteDeadLetter(app: string, id: string): Promise<unknown> {
  return call("DELETE", pathOf(["apps", app, "dead-letters", id]));
}
