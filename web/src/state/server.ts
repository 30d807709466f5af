// What is known of the server, kept up to date by its pushes.

import { computed, signal } from "@preact/signals";
import { eventsPath, getCharts, parseJson } from "../api/client";
import { Push, type Connection } from "../api/push";
import type { AppStatus, Chart, ChartEvent, Status } from "../api/types";
import { mergeCharts } from "./charts";

// The server sends its state four times a second.
const silenceMillisMax = 5_000;

export const status = signal<Status | null>(null);
export const connection = signal<Connection>("connecting");
export const charts = signal<ReadonlyMap<string, readonly Chart[]>>(new Map());
// Applications whose charts could not be fetched, with the reason.
export const chartErrors = signal<ReadonlyMap<string, string>>(new Map());
// The server's time, to the second; what "ago" is counted from.
export const now = computed(() => Math.floor((status.value?.now ?? 0) / 1000) * 1000);

export function appOf(name: string): AppStatus | undefined {
  return status.value?.apps.find((app) => app.name === name);
}

function addCharts(app: string, added: readonly Chart[]): void {
  const next = new Map(charts.value);
  next.set(app, mergeCharts(next.get(app) ?? [], added));
  charts.value = next;
}

async function loadCharts(app: string): Promise<void> {
  const errors = new Map(chartErrors.value);
  try {
    addCharts(app, await getCharts(app));
    errors.delete(app);
  } catch (error) {
    errors.set(app, error instanceof Error ? error.message : String(error));
  }
  chartErrors.value = errors;
}

// Applications whose charts were asked for since the connection came up.
const asked = new Set<string>();

function onStatus(data: string): void {
  const next = parseJson<Status>(data);
  status.value = next;
  for (const app of next.apps) {
    if (asked.has(app.name)) continue;
    asked.add(app.name);
    void loadCharts(app.name);
  }
}

function onChart(data: string): void {
  const event = parseJson<ChartEvent>(data);
  addCharts(event.app, event.charts);
}

export function connect(): void {
  const push = new Push({
    url: eventsPath,
    silenceMillisMax,
    on: { status: onStatus, chart: onChart },
    onConnection: (next) => {
      // What was drawn while away is missing: the charts are fetched again after a reconnect.
      if (next !== "live") asked.clear();
      connection.value = next;
    },
  });
  window.addEventListener("online", () => push.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") push.retryNow();
  });
}
