// How rows travel through one application: input streams, pumps, in-application streams, outputs.

import type { ComponentChildren } from "preact";
import type { AppStatus, AppStreamStatus, OutputStatus, PumpStatus, ReferenceTable } from "../api/types";
import * as format from "../format";
import { appHref } from "../route";
import { appVerdict } from "../state/health";
import { Badge, Card, Empty, Facts, Name, PageHead, Time } from "./parts";

// An output is named "STREAM -> what takes it".
export function outputParts(name: string): { from: string; to: string } {
  const arrow = name.indexOf(" -> ");
  return arrow < 0 ? { from: "", to: name } : { from: name.slice(0, arrow), to: name.slice(arrow + 4) };
}

function Node(props: {
  name: string;
  from?: string;
  href?: string;
  tag?: ComponentChildren;
  moving: boolean;
  share: number;
  lines: readonly (readonly [string, string])[];
  trouble?: string;
}) {
  const classes = `node ${props.moving ? "moving" : ""} ${props.trouble === undefined ? "" : "troubled"}`;
  return (
    <li class={classes}>
      <div class="node-head">
        {props.href === undefined ? (
          <span class="node-name">
            <Name name={props.name} />
          </span>
        ) : (
          <a class="node-name" href={props.href}>
            <Name name={props.name} />
          </a>
        )}
        {props.tag}
      </div>
      {props.from !== undefined && (
        <p class="meta">
          from <Name name={props.from} />
        </p>
      )}
      <dl class="node-lines">
        {props.lines.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <span class="gauge" aria-hidden="true">
        <span style={{ width: `${Math.round(Math.min(1, props.share) * 100)}%` }} />
      </span>
      {props.trouble !== undefined && <p class="trouble">{props.trouble}</p>}
    </li>
  );
}

function StreamNode({ app, stream, most }: { app: AppStatus; stream: AppStreamStatus; most: number }) {
  const isTrouble = stream.kind === "error" && stream.rows > 0;
  return (
    <Node
      name={stream.name}
      href={appHref(app.name, "rows", stream.name)}
      tag={stream.kind === "error" ? <Badge tone={isTrouble ? "warn" : "ok"} text="errors" /> : null}
      moving={stream.rows_per_s > 0}
      share={stream.rows_per_s / most}
      lines={[
        ["rows", format.number(stream.rows)],
        ["rate", format.rate(stream.rows_per_s)],
      ]}
    />
  );
}

function PumpNode({ pump, most }: { pump: PumpStatus; most: number }) {
  const trouble = pump.errors > 0 ? { trouble: `${format.plural(pump.errors, "row")} failed; see the error stream` } : {};
  return (
    <Node
      name={pump.name}
      moving={pump.rows_in_per_s > 0}
      share={pump.rows_in_per_s / most}
      lines={[
        ["in", `${format.number(pump.rows_in)} · ${format.rate(pump.rows_in_per_s)}`],
        ["out", `${format.number(pump.rows_out)} · ${format.rate(pump.rows_out_per_s)}`],
        ["state", format.bytes(pump.state_bytes)],
        ...(pump.cut_texts > 0 ? [["cut", format.plural(pump.cut_texts, "text")] as const] : []),
      ]}
      {...trouble}
    />
  );
}

function OutputNode({ output, rate, most }: { output: OutputStatus; rate: number; most: number }) {
  const { from, to } = outputParts(output.name);
  const trouble = output.error === "" ? {} : { trouble: output.error };
  return (
    <Node
      name={to}
      {...(from === "" ? {} : { from })}
      moving={rate > 0 && output.error === ""}
      share={rate / most}
      lines={[
        ["rows", format.number(output.rows)],
        ["waiting", format.number(output.waiting_rows)],
      ]}
      {...trouble}
    />
  );
}

function Stage(props: { title: string; count: number; none: string; children: ComponentChildren }) {
  return (
    <section class="stage" aria-label={props.title}>
      <h2>
        {props.title} <span class="soft">{props.count}</span>
      </h2>
      {props.count === 0 ? <p class="soft none">{props.none}</p> : <ul>{props.children}</ul>}
    </section>
  );
}

function ReferenceTables({ tables }: { tables: readonly ReferenceTable[] }) {
  return (
    <Card title="Reference tables" note="Read again when they change; rows are joined with what was read last">
      <ul class="plain">
        {tables.map((table) => (
          <li key={table.name}>
            <Badge
              tone={table.since === null ? "bad" : table.error !== "" ? "warn" : "ok"}
              text={table.since === null ? "Not there yet" : format.plural(table.rows, "row")}
            />{" "}
            {table.name} <span class="soft path">{table.place}</span>
            {table.since !== null && (
              <span class="soft">
                {" "}
                since <Time at={table.since} />
              </span>
            )}
            {table.error !== "" && (
              <p class="trouble" role="alert">
                {table.error}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function FlowView({ app }: { app: AppStatus }) {
  const inputs = app.streams.filter((stream) => stream.kind === "input");
  const inner = app.streams.filter((stream) => stream.kind !== "input");
  const most = Math.max(
    1e-9,
    ...app.streams.map((stream) => stream.rows_per_s),
    ...app.pumps.map((pump) => pump.rows_in_per_s),
  );
  const rateOf = (name: string) => app.streams.find((stream) => stream.name === name)?.rows_per_s ?? 0;
  return (
    <>
      <PageHead app={app.name} title="Flow" lead="How rows travel from the inputs to the outputs" aside={<Badge {...appVerdict(app)} />} />
      {app.error !== "" && (
        <p class="trouble" role="alert">
          {app.error}
        </p>
      )}
      <Card>
        <Facts
          facts={[
            ["Behind", format.duration(app.behind_ms), app.behind_ms >= 10_000 ? "warn" : "idle"],
            ["Records", format.number(app.records)],
            ["Rate", format.rate(app.records_per_s)],
            ["Checkpoints", format.number(app.checkpoints)],
            ["Time has reached", <Time at={app.bound !== null && app.bound > 0 ? app.bound : null} />],
          ]}
        />
      </Card>
      {app.streams.length === 0 ? (
        <Card>
          <Empty title="No streams yet">They appear as soon as the application has started.</Empty>
        </Card>
      ) : (
        <div class="flow">
          <Stage title="Inputs" count={inputs.length} none="The application has no input.">
            {inputs.map((stream) => (
              <StreamNode key={stream.name} app={app} stream={stream} most={most} />
            ))}
          </Stage>
          <Stage title="Pumps" count={app.pumps.length} none="The SQL has no pump.">
            {app.pumps.map((pump) => (
              <PumpNode key={pump.name} pump={pump} most={most} />
            ))}
          </Stage>
          <Stage title="Streams" count={inner.length} none="The SQL makes no stream.">
            {inner.map((stream) => (
              <StreamNode key={stream.name} app={app} stream={stream} most={most} />
            ))}
          </Stage>
          <Stage title="Outputs" count={app.outputs.length} none="Nothing takes rows out: add outputs to tailrace.yaml.">
            {app.outputs.map((output) => (
              <OutputNode key={output.name} output={output} rate={rateOf(outputParts(output.name).from)} most={most} />
            ))}
          </Stage>
        </div>
      )}
      {app.reference_tables.length > 0 && <ReferenceTables tables={app.reference_tables} />}
      {app.cut_columns.length > 0 && (
        <Card title="Values that were too long" note="Cut to the length of their column">
          <ul class="plain">
            {app.cut_columns.map((cut) => (
              <li key={cut.column}>
                <code>{cut.column}</code> {format.plural(cut.values, "value")}
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}
