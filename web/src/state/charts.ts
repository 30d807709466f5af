// The points of every alarm's chart, merged from the first answer and what is pushed afterwards.

import type { Chart, ChartPoint } from "../api/types";

export const windowSeconds = 15 * 60;
const spanSecondsMin = 2 * 60;
const gapSeconds = 5; // A longer pause between two points is shown as one.

export function sameChart(left: Chart, right: Chart): boolean {
  return left.alarm === right.alarm && left.stream === right.stream && left.column === right.column;
}

// Takes the newer value where both know a second, keeps the order of time, and forgets what has left the window.
export function mergePoints(old: readonly ChartPoint[], added: readonly ChartPoint[]): ChartPoint[] {
  const first = added[0];
  const appendFrom = first === undefined ? old.length : old.findIndex((point) => point[0] >= first[0]);
  let merged: ChartPoint[];
  if (first === undefined || appendFrom === -1) {
    merged = [...old, ...added];
  } else {
    const bySecond = new Map<number, ChartPoint>();
    for (const point of old.slice(appendFrom)) bySecond.set(point[0], point);
    for (const point of added) bySecond.set(point[0], point);
    merged = [...old.slice(0, appendFrom), ...[...bySecond.values()].sort((left, right) => left[0] - right[0])];
  }
  const newest = merged[merged.length - 1];
  return newest === undefined ? merged : merged.filter((point) => point[0] > newest[0] - windowSeconds);
}

export function mergeCharts(old: readonly Chart[], added: readonly Chart[]): Chart[] {
  const merged = old.map((chart) => {
    const news = added.find((candidate) => sameChart(candidate, chart));
    return news === undefined ? chart : { ...news, points: mergePoints(chart.points, news.points) };
  });
  return [...merged, ...added.filter((chart) => !old.some((known) => sameChart(known, chart)))];
}

// Where the time axis begins: fifteen minutes back, or with the first value when that is younger, so that a server that has
// just started does not show an empty axis.
export function axisStart(points: readonly ChartPoint[], nowSeconds: number): number {
  const first = points[0]?.[0] ?? nowSeconds;
  return Math.max(nowSeconds - windowSeconds, Math.min(first, nowSeconds - spanSecondsMin));
}

// Columns for drawing: times, values. A pause longer than some seconds becomes a hole and not a slope.
export function columnsOf(points: readonly ChartPoint[]): [number[], (number | null)[]] {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const [second, value] of points) {
    const previous = times[times.length - 1];
    if (previous !== undefined && second - previous > gapSeconds) {
      times.push(previous + 1);
      values.push(null);
    }
    times.push(second);
    values.push(value);
  }
  return [times, values];
}

// The spans of time in which the value was at or above the threshold.
export function firingSpans(points: readonly ChartPoint[], threshold: number): [number, number][] {
  const spans: [number, number][] = [];
  for (const [second, value] of points) {
    if (value < threshold) continue;
    const last = spans[spans.length - 1];
    if (last !== undefined && second - last[1] <= gapSeconds) last[1] = second + 1;
    else spans.push([second, second + 1]);
  }
  return spans;
}
