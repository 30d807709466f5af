import { expect, test } from "vitest";
import type { AppStatus, Status } from "../api/types";
import { appVerdict, serverVerdict } from "./health";

const app = (state: string, error = ""): AppStatus => ({
  name: "a", state, error, behind_ms: 0, records: 0, records_per_s: 0, decode_errors: 0, lost_to_retention: 0, checkpoints: 0, bound: null,
  cut_columns: [], reference_tables: [], pumps: [], streams: [], outputs: [], alarms: [], dead_letters: 0, deliveries: { pending: 0, sent: 0, dead: 0 }, agents: [],
});
const server = (apps: AppStatus[], damage: string | null = null): Status => ({
  version: "0.1.0", now: 0, started: 0, cpu_ms: 0, resident_bytes: 0, apps,
  streams: [{ name: "s", shards: 1, records: 0, bytes: 0, records_per_s: 0, damage }],
});

test("an application", () => {
  expect(appVerdict(app("running"))).toEqual({ tone: "ok", text: "Running" });
  expect(appVerdict(app("starting"))).toEqual({ tone: "warn", text: "Starting" });
  expect(appVerdict(app("failed"))).toEqual({ tone: "bad", text: "Failed" });
  expect(appVerdict(app("running", "disk full")).tone).toBe("bad");
});

test("the server says the worst of what it has", () => {
  expect(serverVerdict(server([]))).toEqual({ tone: "idle", text: "No applications" });
  expect(serverVerdict(server([app("running")]))).toEqual({ tone: "ok", text: "Running" });
  expect(serverVerdict(server([app("running"), app("running")])).text).toBe("2 applications running");
  expect(serverVerdict(server([app("starting"), app("running")]))).toEqual({ tone: "warn", text: "1 application not running" });
  expect(serverVerdict(server([app("running")], "segment 3")).tone).toBe("bad");
  expect(serverVerdict(server([app("failed"), app("starting")]))).toEqual({ tone: "bad", text: "1 application failed" });
});
