// Everything at a glance: streams, applications, alarms.

import type { AppStatus, Status, StreamStatus } from "../api/types";
import * as format from "../format";
import { appHref } from "../route";
import { appVerdict, firingCount } from "../state/health";
import { chartErrors, charts } from "../state/server";
import { ChartNumbers, ChartView } from "./chart";
import { Ago, Badge, Card, Empty, Facts, PageHead, TableBox } from "./parts";

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function Tile(props: { name: string; value: string; note: string; tone?: "bad" | "warn" }) {
  return (
    <div class={`tile ${props.tone ?? ""}`}>
      <span class="tile-name">{props.name}</span>
      <span class="tile-value">{props.value}</span>
      <span class="tile-note">{props.note}</span>
    </div>
  );
}

function undeliveredNote(letters: number, failed: number, waiting: number): string {
  const parts = [
    ...(letters > 0 ? [format.plural(letters, "dead letter")] : []),
    ...(failed > 0 ? [format.plural(failed, "failed message")] : []),
    ...(waiting > 0 ? [`${format.number(waiting)} waiting`] : []),
  ];
  return parts.length === 0 ? "everything arrived" : parts.join(", ");
}

function Tiles({ status }: { status: Status }) {
  const { apps, streams } = status;
  const alarms = apps.flatMap((app) => app.alarms);
  const firing = sum(apps.map(firingCount));
  const behind = Math.max(0, ...apps.map((app) => app.behind_ms));
  const letters = sum(apps.map((app) => app.dead_letters));
  const undelivered = sum(apps.map((app) => app.deliveries.dead));
  const pending = sum(apps.map((app) => app.deliveries.pending));
  const held = sum(alarms.map((alarm) => alarm.held_rows));
  const records = format.number(sum(streams.map((stream) => stream.records)));
  return (
    <div class="tiles">
      <Tile
        name="Records"
        value={format.rate(sum(streams.map((stream) => stream.records_per_s)))}
        note={`${records} in ${format.plural(streams.length, "stream")}`}
      />
      <Tile
        name="Behind"
        value={format.duration(behind)}
        note={behind < 2000 ? "keeping up" : "the slowest application"}
        {...(behind >= 10_000 ? { tone: "warn" as const } : {})}
      />
      <Tile
        name="Alarms firing"
        value={format.number(firing)}
        note={firing === 0 ? `of ${alarms.length}: all quiet` : `of ${alarms.length}; ${format.number(held)} rows held back`}
        {...(firing > 0 ? { tone: "bad" as const } : {})}
      />
      <Tile
        name="Undelivered"
        value={format.number(letters + undelivered)}
        note={undeliveredNote(letters, undelivered, pending)}
        {...(letters + undelivered > 0 ? { tone: "warn" as const } : {})}
      />
    </div>
  );
}

function AppChart({ app }: { app: AppStatus }) {
  const known = charts.value.get(app.name) ?? [];
  const error = chartErrors.value.get(app.name);
  if (known.length === 0) return error === undefined ? null : <p class="trouble">No charts: {error}</p>;
  return (
    <div class={known.length > 1 ? "app-charts" : ""}>
      {known.slice(0, 4).map((chart) => (
        <figure key={`${chart.alarm}/${chart.column}`} class="chart-figure">
          <figcaption>
            <span>
              <a href={appHref(app.name, "charts")}>{chart.column}</a> <span class="soft">of {chart.stream}</span>
            </span>
            <ChartNumbers chart={chart} />
          </figcaption>
          <ChartView chart={chart} height={200} />
        </figure>
      ))}
    </div>
  );
}

function AppAlarms({ app }: { app: AppStatus }) {
  if (app.alarms.length === 0) return null;
  const shown = [...app.alarms].sort((left, right) => Number(right.firing) - Number(left.firing)).slice(0, 5);
  return (
    <ul class="alarm-lines">
      {shown.map((alarm) => (
        <li key={`${alarm.alarm}/${alarm.key}`} class={alarm.firing ? "firing" : ""}>
          <Badge tone={alarm.firing ? "bad" : "ok"} text={alarm.firing ? "Firing" : "Quiet"} />
          <a href={appHref(app.name, "alarms")}>
            {alarm.alarm}
            {alarm.key === "" ? "" : ` · ${alarm.key}`}
          </a>
          <span class="soft">
            {alarm.last_message === null || alarm.last_message === 0 ? (
              "no message yet"
            ) : (
              <>
                last message <Ago at={alarm.last_message} />
              </>
            )}
            {alarm.held_rows > 0 && `, ${format.plural(alarm.held_rows, "row")} held back since`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function AppCard({ app }: { app: AppStatus }) {
  return (
    <Card
      label={`Application ${app.name}`}
      title={<a href={appHref(app.name, "flow")}>{app.name}</a>}
      aside={<Badge {...appVerdict(app)} />}
    >
      {app.error !== "" && (
        <p class="trouble" role="alert">
          {app.error}
        </p>
      )}
      <Facts
        facts={[
          ["Behind", format.duration(app.behind_ms), app.behind_ms >= 10_000 ? "warn" : "idle"],
          ["Rate", format.rate(app.records_per_s)],
          ["Records", format.number(app.records)],
          ["Checkpoints", format.number(app.checkpoints)],
          ["Decode errors", format.number(app.decode_errors), app.decode_errors > 0 ? "warn" : "idle"],
          ["Lost to retention", format.number(app.lost_to_retention), app.lost_to_retention > 0 ? "bad" : "idle"],
        ]}
      />
      <AppAlarms app={app} />
      <AppChart app={app} />
    </Card>
  );
}

function StreamTable({ streams }: { streams: readonly StreamStatus[] }) {
  if (streams.length === 0) {
    return <Empty title="No streams">An application's streams are made when it starts.</Empty>;
  }
  return (
    <TableBox label="Streams">
      <table>
        <thead>
          <tr>
            <th scope="col">Stream</th>
            <th scope="col" class="num">Rate</th>
            <th scope="col" class="num">Records</th>
            <th scope="col" class="num">Size</th>
            <th scope="col" class="num">Shards</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {streams.map((stream) => (
            <tr key={stream.name}>
              <th scope="row">{stream.name}</th>
              <td class="num">{format.rate(stream.records_per_s)}</td>
              <td class="num">{format.number(stream.records)}</td>
              <td class="num">{format.bytes(stream.bytes)}</td>
              <td class="num">{format.number(stream.shards)}</td>
              <td>
                {stream.damage === null ? (
                  <Badge tone="ok" text="Intact" />
                ) : (
                  <>
                    <Badge tone="bad" text="Damaged" /> <span class="wrap">{stream.damage}</span>
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

export function Overview({ status }: { status: Status }) {
  return (
    <>
      <PageHead
        title="Overview"
        lead={
          <>
            Up {format.duration(status.now - status.started)} · {format.bytes(status.resident_bytes)} of memory ·{" "}
            {format.duration(status.cpu_ms)} of CPU time · version {status.version}
          </>
        }
      />
      <Tiles status={status} />
      {status.apps.length === 0 && (
        <Card>
          <Empty title="No application runs">
            Start one with <code>tailrace run FOLDER</code>, for example <code>examples/order-flood</code>.
          </Empty>
        </Card>
      )}
      {status.apps.map((app) => (
        <AppCard key={app.name} app={app} />
      ))}
      <Card title="Streams" note="Durable records, in the order they arrived">
        <StreamTable streams={status.streams} />
      </Card>
    </>
  );
}
