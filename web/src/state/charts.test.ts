import { describe, expect, test } from "vitest";
import type { Chart, ChartPoint } from "../api/types";
import { axisStart, columnsOf, firingSpans, mergeCharts, mergePoints, windowSeconds } from "./charts";

describe("merging points", () => {
  test("the last second again takes its newer value", () => {
    expect(mergePoints([[1, 10], [2, 20]], [[2, 25], [3, 30]])).toEqual([[1, 10], [2, 25], [3, 30]]);
  });

  test("the whole again, after a reconnect, doubles nothing and fills the gap", () => {
    expect(mergePoints([[1, 10], [5, 50]], [[1, 10], [3, 30], [5, 55], [6, 60]])).toEqual([[1, 10], [3, 30], [5, 55], [6, 60]]);
  });

  test("a late first answer comes before what was pushed already", () => {
    expect(mergePoints([[9, 90]], [[1, 10], [2, 20]])).toEqual([[1, 10], [2, 20], [9, 90]]);
  });

  test("nothing new changes nothing", () => {
    expect(mergePoints([[1, 10]], [])).toEqual([[1, 10]]);
    expect(mergePoints([], [])).toEqual([]);
  });

  test("what left the window is forgotten", () => {
    expect(mergePoints([[0, 1], [1, 2]], [[windowSeconds, 3]])).toEqual([[1, 2], [windowSeconds, 3]]);
  });
});

test("charts are told apart by alarm, stream and column", () => {
  const chart = (column: string, points: ChartPoint[]): Chart => ({ alarm: "a", stream: "s", column, threshold: 3, points });
  const merged = mergeCharts([chart("X", [[1, 1]])], [chart("Y", [[1, 7]]), chart("X", [[2, 2]])]);
  expect(merged).toEqual([chart("X", [[1, 1], [2, 2]]), chart("Y", [[1, 7]])]);
});

test("the axis begins fifteen minutes back, or with the first value, but spans two minutes at least", () => {
  expect(axisStart([[100, 1]], 10_000)).toBe(10_000 - windowSeconds);
  expect(axisStart([[9_700, 1]], 10_000)).toBe(9_700);
  expect(axisStart([[9_990, 1]], 10_000)).toBe(9_880);
  expect(axisStart([], 10_000)).toBe(9_880);
});

test("a pause is drawn as a hole", () => {
  expect(columnsOf([[1, 10], [2, 20], [7, 70], [20, 5]])).toEqual([
    [1, 2, 7, 8, 20],
    [10, 20, 70, null, 5],
  ]);
});

test("firing spans begin at the threshold itself and bridge short pauses", () => {
  expect(firingSpans([[1, 29], [2, 30], [3, 31], [4, 10], [7, 40], [30, 30], [31, 29]], 30)).toEqual([[2, 8], [30, 31]]);
});
