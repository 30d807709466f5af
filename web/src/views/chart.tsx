// One alarm's column against its threshold, over the last fifteen minutes.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Chart } from "../api/types";
import * as format from "../format";
import { axisStart, columnsOf, firingSpans, windowSeconds } from "../state/charts";
import { now } from "../state/server";
import { Empty } from "./parts";

interface Colours {
  readonly line: string;
  readonly area: string;
  readonly alarm: string;
  readonly alarmArea: string;
  readonly shade: string;
  readonly grid: string;
  readonly card: string;
  readonly text: string;
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: of("--accent"),
    area: of("--accent-area"),
    alarm: of("--bad"),
    alarmArea: of("--bad-fill"),
    shade: of("--bad-shade"),
    grid: of("--line"),
    card: of("--card"),
    text: of("--text-soft"),
  };
}

const axisFont = "12px system-ui, sans-serif";

// What the drawing hooks read: always the newest chart, so that new points need no new plot.
interface Drawn {
  chart: Chart;
  nowSeconds: number;
}

function drawFiring(plot: uPlot, drawn: Drawn, colour: Colours): void {
  const { threshold, points } = drawn.chart;
  if (threshold === null) return;
  const { left, top, width, height } = plot.bbox;
  const context = plot.ctx;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.fillStyle = colour.shade;
  for (const [from, to] of firingSpans(points, threshold)) {
    const start = plot.valToPos(from, "x", true);
    context.fillRect(start, top, Math.max(2, plot.valToPos(to, "x", true) - start), height);
  }
  context.restore();
}

// One colour from the threshold up, another below it.
function aboveAndBelow(plot: uPlot, drawn: Drawn, above: string, below: string): string | CanvasGradient {
  const { threshold } = drawn.chart;
  const { top, height } = plot.bbox;
  if (threshold === null || height <= 0) return below;
  const share = (plot.valToPos(threshold, "y", true) - top) / height;
  if (!(share > 0 && share < 1)) return below;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, above);
  gradient.addColorStop(share, above);
  gradient.addColorStop(share, below);
  gradient.addColorStop(1, below);
  return gradient;
}

function drawThreshold(plot: uPlot, drawn: Drawn, colour: Colours): void {
  const { threshold } = drawn.chart;
  if (threshold === null) return;
  const { left, top, width } = plot.bbox;
  const context = plot.ctx;
  const ratio = uPlot.pxRatio;
  const y = Math.round(plot.valToPos(threshold, "y", true));
  context.save();
  context.strokeStyle = colour.alarm;
  context.fillStyle = colour.alarm;
  context.lineWidth = 1.5 * ratio;
  context.setLineDash([6 * ratio, 4 * ratio]);
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(left + width, y);
  context.stroke();
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textAlign = "left";
  const above = y - top > 20 * ratio;
  context.textBaseline = above ? "bottom" : "top";
  const label = `threshold ${format.number(threshold)}`;
  const place: [number, number] = [left + 6 * ratio, y + (above ? -4 : 4) * ratio];
  context.setLineDash([]);
  context.lineWidth = 4 * ratio;
  context.strokeStyle = colour.card; // A rim, so that the text is legible across the line.
  context.strokeText(label, ...place);
  context.fillText(label, ...place);
  context.restore();
}

function optionsOf(drawn: { current: Drawn }, colour: Colours, width: number, height: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colour.text,
    font: axisFont,
    grid: { stroke: colour.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [12, 24, 0, 0],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
    scales: {
      x: {
        time: true,
        range: () => {
          const { chart, nowSeconds } = drawn.current;
          return [axisStart(chart.points, nowSeconds), nowSeconds];
        },
      },
      y: {
        range: (_plot, _min, max) => {
          const top = Math.max(max ?? 0, drawn.current.chart.threshold ?? 0, 1);
          return [0, top * 1.15];
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 28,
        space: 64,
        values: (_plot, seconds, _axis, _space, step) =>
          seconds.map((second) => format.clock(second * 1000).slice(0, step < 60 ? 8 : 5)),
      },
      { ...axis, size: 48, values: (_plot, values) => values.map((value) => format.short(value)) },
    ],
    series: [
      {},
      {
        stroke: (plot) => aboveAndBelow(plot, drawn.current, colour.alarm, colour.line),
        fill: (plot) => aboveAndBelow(plot, drawn.current, colour.alarmArea, colour.area),
        width: 1.75,
        points: { show: false },
      },
    ],
    hooks: {
      drawAxes: [(plot) => drawFiring(plot, drawn.current, colour)],
      draw: [(plot) => drawThreshold(plot, drawn.current, colour)],
    },
  };
}

function Plot({ chart, height, nowSeconds }: { chart: Chart; height: number; nowSeconds: number }) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const drawn = useRef<Drawn>({ chart, nowSeconds });
  drawn.current = { chart, nowSeconds };

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const build = () => {
      plot.current?.destroy();
      const options = optionsOf(drawn, colours(), element.clientWidth, height);
      options.hooks = { ...options.hooks, setCursor: [(current) => showReadout(current, readout.current)] };
      plot.current = new uPlot(options, columnsOf(drawn.current.chart.points), element);
    };
    build();
    const resize = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", build);
    return () => {
      dark.removeEventListener("change", build);
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [height]);

  useEffect(() => plot.current?.setData(columnsOf(chart.points)), [chart.points, nowSeconds]);

  return (
    <div class="plot">
      <div ref={box} role="img" aria-label={describe(chart)} />
      <div ref={readout} class="readout" aria-hidden="true" />
    </div>
  );
}

function showReadout(plot: uPlot, element: HTMLDivElement | null): void {
  if (element === null) return;
  const index = plot.cursor.idx;
  const second = index === null || index === undefined ? undefined : plot.data[0][index];
  const value = index === null || index === undefined ? undefined : plot.data[1]?.[index];
  element.textContent =
    second === undefined || value === null || value === undefined
      ? ""
      : `${format.number(value)} at ${format.clock(second * 1000)}`;
}

function describe(chart: Chart): string {
  const last = chart.points[chart.points.length - 1];
  const value = last === undefined ? "no value yet" : `last value ${format.number(last[1])}`;
  const against = chart.threshold === null ? "" : `, threshold ${format.number(chart.threshold)}`;
  return `${chart.column} of ${chart.stream} over the last 15 minutes: ${value}${against}`;
}

export function ChartView({ chart, height }: { chart: Chart; height: number }) {
  const nowSeconds = now.value / 1000;
  const newest = chart.points[chart.points.length - 1];
  if (newest === undefined || newest[0] < nowSeconds - windowSeconds) {
    return (
      <Empty title="No value in the last 15 minutes">
        {newest === undefined
          ? "The line begins with the first row of the stream."
          : `The last one was ${format.number(newest[1])}, ${format.time(newest[0] * 1000)}.`}
      </Empty>
    );
  }
  return <Plot chart={chart} height={height} nowSeconds={nowSeconds} />;
}

// The numbers of a chart in words, beside the drawing.
export function ChartNumbers({ chart }: { chart: Chart }) {
  const from = now.value / 1000 - windowSeconds;
  const values = chart.points.filter((point) => point[0] >= from).map((point) => point[1]);
  const last = values[values.length - 1];
  const breached = chart.threshold !== null && last !== undefined && last >= chart.threshold;
  return (
    <dl class="chart-numbers">
      <div class={breached ? "bad" : ""}>
        <dt>last</dt>
        <dd>{format.number(last)}</dd>
      </div>
      <div>
        <dt>highest</dt>
        <dd>{values.length === 0 ? format.number(null) : format.number(Math.max(...values))}</dd>
      </div>
      <div>
        <dt>threshold</dt>
        <dd>{format.number(chart.threshold)}</dd>
      </div>
    </dl>
  );
}
