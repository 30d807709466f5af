// What the view of live rows holds: newest first, a limited number, and what happened while it was paused.

import type { SampledRow, SampledRows } from "../api/types";

export const rowsMax = 200;

export interface Tail {
  // Newest first; each row once.
  readonly rows: readonly SampledRow[];
  readonly paused: boolean;
  // Rows that arrived while paused; shown after resuming. At most `rowsMax`.
  readonly waiting: readonly SampledRow[];
  readonly waitingTotal: number;
  // Rows that were not sampled, since the view was opened.
  readonly skipped: number;
}

export const emptyTail: Tail = { rows: [], paused: false, waiting: [], waitingTotal: 0, skipped: 0 };

// A server that was started anew may count from 1 again; its time goes on. So time comes first in order and identity.
export function keyOf(row: SampledRow): string {
  return `${row.rowtime}/${row.ordinal}`;
}

function put(rows: readonly SampledRow[], added: readonly SampledRow[]): SampledRow[] {
  const known = new Set(rows.map(keyOf));
  const fresh = added.filter((row) => !known.has(keyOf(row)));
  const newestFirst = (left: SampledRow, right: SampledRow) =>
    right.rowtime - left.rowtime || right.ordinal - left.ordinal;
  return [...fresh, ...rows].sort(newestFirst).slice(0, rowsMax);
}

export function withSample(tail: Tail, sample: SampledRows): Tail {
  return tail.paused ? tail : { ...tail, rows: put(tail.rows, sample.rows) };
}

export function withRows(tail: Tail, rows: readonly SampledRow[]): Tail {
  if (!tail.paused) return { ...tail, rows: put(tail.rows, rows) };
  return { ...tail, waiting: put(tail.waiting, rows), waitingTotal: tail.waitingTotal + rows.length };
}

export function withGap(tail: Tail, skipped: number): Tail {
  return { ...tail, skipped: tail.skipped + skipped };
}

export function paused(tail: Tail): Tail {
  return { ...tail, paused: true };
}

export function resumed(tail: Tail): Tail {
  return { ...tail, paused: false, rows: put(tail.rows, tail.waiting), waiting: [], waitingTotal: 0 };
}
