// One judgement of a state in words and in a tone, made in one place for header, navigation and views.

import type { AppStatus, Health, Status } from "../api/types";

export type Tone = "ok" | "warn" | "bad" | "idle";

export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
}

export function appVerdict(app: AppStatus): Verdict {
  const text = app.state.charAt(0).toUpperCase() + app.state.slice(1);
  if (app.error !== "" || app.state === "failed") return { tone: "bad", text };
  return { tone: app.state === "running" ? "ok" : "warn", text };
}

export function healthVerdict(health: Health): Verdict {
  const verdicts: Record<Health, Verdict> = {
    ok: { tone: "ok", text: "Healthy" },
    warning: { tone: "warn", text: "Warning" },
    error: { tone: "bad", text: "Error" },
  };
  return verdicts[health];
}

export function firingCount(app: AppStatus): number {
  return app.alarms.filter((alarm) => alarm.firing).length;
}

export function agentTrouble(app: AppStatus): number {
  return app.agents.filter((agent) => agent.health !== "ok").length;
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}

export function serverVerdict(status: Status): Verdict {
  const apps = status.apps;
  const failed = apps.filter((app) => appVerdict(app).tone === "bad").length;
  if (failed > 0) return { tone: "bad", text: `${count(failed, "application")} failed` };
  const damaged = status.streams.filter((stream) => stream.damage !== null).length;
  if (damaged > 0) return { tone: "bad", text: `${count(damaged, "stream")} damaged` };
  const waiting = apps.filter((app) => appVerdict(app).tone !== "ok").length;
  if (waiting > 0) return { tone: "warn", text: `${count(waiting, "application")} not running` };
  if (apps.length === 0) return { tone: "idle", text: "No applications" };
  return { tone: "ok", text: apps.length === 1 ? "Running" : `${count(apps.length, "application")} running` };
}
