import { expect, test } from "vitest";
import type { SampledRow } from "../api/types";
import { emptyTail, paused, resumed, rowsMax, withGap, withRows, withSample } from "./tail";

const row = (ordinal: number): SampledRow => ({ ordinal, rowtime: ordinal * 1000, row: { N: ordinal } });
const ordinals = (rows: readonly SampledRow[]) => rows.map((one) => one.ordinal);

test("newest first, whatever the order of arrival", () => {
  const tail = withRows(withSample(emptyTail, { last: 3, rows: [row(3), row(2)] }), [row(5), row(4)]);
  expect(ordinals(tail.rows)).toEqual([5, 4, 3, 2]);
});

test("a row that comes both ways is there once", () => {
  const tail = withSample(withRows(emptyTail, [row(7)]), { last: 7, rows: [row(7), row(6)] });
  expect(ordinals(tail.rows)).toEqual([7, 6]);
});

test("no more than the limit, and the newest of them", () => {
  const many = Array.from({ length: rowsMax + 50 }, (_, index) => row(index + 1));
  const tail = withRows(emptyTail, many);
  expect(tail.rows.length).toBe(rowsMax);
  expect(tail.rows[0]?.ordinal).toBe(rowsMax + 50);
  expect(tail.rows[rowsMax - 1]?.ordinal).toBe(51);
});

test("while paused nothing moves, and resuming shows what came", () => {
  const before = withRows(emptyTail, [row(1)]);
  const held = withRows(withRows(paused(before), [row(2)]), [row(3)]);
  expect(held.rows).toEqual(before.rows);
  expect(held.waitingTotal).toBe(2);
  const after = resumed(held);
  expect(ordinals(after.rows)).toEqual([3, 2, 1]);
  expect(after).toMatchObject({ paused: false, waiting: [], waitingTotal: 0 });
});

test("a paused view holds a limited number of rows and counts the rest", () => {
  const many = Array.from({ length: rowsMax + 1 }, (_, index) => row(index + 1));
  const held = withRows(paused(emptyTail), many);
  expect(held.waiting.length).toBe(rowsMax);
  expect(held.waitingTotal).toBe(rowsMax + 1);
});

test("a refetch does not disturb a paused view", () => {
  expect(withSample(paused(emptyTail), { last: 1, rows: [row(1)] }).rows).toEqual([]);
});

test("a server that counts anew does not leave old rows on top", () => {
  const later = { ...row(1), rowtime: 950_000 };
  expect(withRows(withRows(emptyTail, [row(900)]), [later]).rows).toEqual([later, row(900)]);
});

test("gaps add up", () => {
  expect(withGap(withGap(emptyTail, 3), 4).skipped).toBe(7);
});
