// The shapes of docs/http-api.md, and nothing else. Times are epoch milliseconds, UTC.

export type Millis = number;

// A value of a row: what JSON can hold. Integers beyond 2^53 arrive as text (see parseJson in client.ts).
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

export interface StreamStatus {
  readonly name: string;
  readonly shards: number;
  readonly records: number;
  readonly bytes: number;
  readonly records_per_s: number;
  readonly damage: string | null;
}

export interface PumpStatus {
  readonly name: string;
  readonly rows_in: number;
  readonly rows_out: number;
  readonly errors: number;
  readonly cut_texts: number;
  readonly state_bytes: number;
  readonly rows_in_per_s: number;
  readonly rows_out_per_s: number;
}

export type StreamKind = "input" | "intermediate" | "error";

export interface AppStreamStatus {
  readonly name: string;
  readonly rows: number;
  readonly rows_per_s: number;
  readonly columns: readonly string[];
  readonly kind: StreamKind;
}

export interface OutputStatus {
  readonly name: string;
  readonly rows: number;
  readonly waiting_rows: number;
  readonly error: string;
}

export interface AlarmStatus {
  readonly alarm: string;
  readonly key: string;
  readonly firing: boolean;
  readonly rows: number;
  readonly max: number | null;
  readonly last_message: Millis | null;
  readonly held_rows: number;
}

export type Health = "ok" | "warning" | "error";

export interface AgentFile {
  readonly path: string;
  readonly state: string;
  readonly size: number;
  readonly sent_offset: number;
}

export interface AgentWarning {
  readonly code: string;
  readonly subject: string;
  readonly message: string;
}

export interface RejectedLine {
  readonly time: Millis;
  readonly path: string;
  readonly offset: number;
  readonly reason: string;
  readonly raw: string;
}

export interface AgentFlow {
  readonly flow: string;
  readonly pattern: string;
  readonly destination: string;
  readonly health: Health;
  readonly behind_bytes: number;
  readonly records: number;
  readonly skipped: number;
  readonly sent: number;
  readonly refused: number;
  readonly bytes: number;
  readonly rejected_total: number;
  readonly files: readonly AgentFile[];
  readonly warnings: readonly AgentWarning[];
  readonly rejected: readonly RejectedLine[];
}

export interface CutColumn {
  readonly column: string;
  readonly values: number;
}

export interface AppStatus {
  readonly name: string;
  readonly state: string;
  readonly error: string;
  readonly behind_ms: number;
  readonly records: number;
  readonly records_per_s: number;
  readonly decode_errors: number;
  readonly lost_to_retention: number;
  readonly checkpoints: number;
  readonly bound: Millis | null;
  readonly cut_columns: readonly CutColumn[];
  readonly reference_tables: readonly ReferenceTable[];
  readonly pumps: readonly PumpStatus[];
  readonly streams: readonly AppStreamStatus[];
  readonly outputs: readonly OutputStatus[];
  readonly alarms: readonly AlarmStatus[];
  readonly dead_letters: number;
  readonly deliveries: { readonly pending: number; readonly sent: number; readonly dead: number };
  readonly agents: readonly AgentFlow[];
}

export interface Status {
  readonly version: string;
  readonly now: Millis;
  readonly started: Millis;
  readonly cpu_ms: number;
  readonly resident_bytes: number;
  readonly streams: readonly StreamStatus[];
  readonly apps: readonly AppStatus[];
}

// Seconds since 1970, and the largest value of that second.
export type ChartPoint = readonly [second: number, value: number];

export interface Chart {
  readonly alarm: string;
  readonly stream: string;
  readonly column: string;
  readonly threshold: number | null;
  readonly points: readonly ChartPoint[];
}

export interface ChartEvent {
  readonly app: string;
  readonly charts: readonly Chart[];
}

export interface SampledRow {
  readonly ordinal: number;
  readonly rowtime: Millis;
  readonly row: Row;
}

export interface SampledRows {
  readonly last: number;
  readonly rows: readonly SampledRow[];
}

export interface GapEvent {
  readonly skipped: number;
}

export interface Alarm extends AlarmStatus {
  readonly fired_at: Millis | null;
  readonly last_row: Millis | null;
}

export type AlarmEventKind = "fired" | "message" | "resolved";

export interface AlarmEvent {
  readonly id: number;
  readonly alarm: string;
  readonly kind: AlarmEventKind;
  readonly key: string;
  readonly time: Millis;
  readonly value: number | null;
  readonly rows: number | null;
  readonly max: number | null;
  readonly since: Millis | null;
}

export interface EvidenceRange {
  readonly stream: string;
  readonly shard: number;
  readonly first: number;
  readonly last: number;
}

export interface EvidenceRecord {
  readonly stream: string;
  readonly shard: number;
  readonly sequence: number;
  readonly arrival: Millis;
  readonly data: string;
  readonly cut: boolean;
}

export interface Evidence {
  readonly program: string;
  readonly from: Millis;
  readonly to: Millis;
  readonly bounded: boolean;
  readonly ranges: readonly EvidenceRange[];
  readonly records: readonly EvidenceRecord[];
  readonly row: string;
}

export interface Recomputed {
  readonly outcome: "same" | "different" | "incomplete" | "nothing" | "failed";
  readonly records: number;
  readonly records_gone: number;
  readonly rows: readonly unknown[];
  readonly note: string;
}

export interface ExplainedEvent extends AlarmEvent {
  readonly evidence: Evidence | null;
  readonly recomputed: Recomputed | null;
}

export type DeliveryState = "pending" | "sent" | "dead";

export type DeliveryKind = "alarm" | "resolved" | "history";

export interface Delivery {
  readonly id: number;
  readonly alarm: string;
  readonly key: string;
  readonly kind: DeliveryKind;
  readonly target: string;
  readonly state: DeliveryState;
  readonly time: Millis;
  readonly subject: string;
  readonly text: string;
  readonly attempts: number;
  readonly delayed: boolean;
  readonly next_attempt: Millis | null;
  readonly finished: Millis | null;
  readonly last_error: string | null;
}

export interface History {
  readonly target: string;
  readonly error: string; // Not empty: the database cannot be read now.
  readonly months: readonly { readonly month: string; readonly alarms: number; readonly orders_max: number | null }[];
  readonly rows: readonly { readonly time: Millis; readonly value: number | null }[];
}

export interface DeadLetter {
  readonly id: string;
  readonly output: string;
  readonly ordinal: number;
  readonly reason: string;
  readonly row: Row | string | null;
  readonly bytes: string | null;
  readonly shard: string | number | null;
  readonly sequence: string | number | null;
  readonly time: Millis;
  readonly redrives: number;
}

export interface DeadLetters {
  readonly letters: readonly DeadLetter[];
  readonly next: string | null;
}

export interface ReferenceTable {
  readonly name: string;
  readonly place: string;
  readonly rows: number;
  readonly since: number | null; // Null as long as it was never read.
  readonly error: string;
}

export interface Sql {
  readonly file: string;
  readonly sql: string;
}

export interface Finding {
  readonly file: string;
  readonly line: number; // From 1; 0: no place.
  readonly column: number; // From 1, in code points.
  readonly length: number; // In code points; 0: a place alone.
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint: string;
}

export interface ReloadOutcome {
  readonly reloaded: boolean;
  readonly kept: readonly string[];
  readonly begun: readonly string[];
  readonly gone: readonly string[];
  readonly findings: readonly Finding[];
}
