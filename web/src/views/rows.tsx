// Sampled rows of one in-application stream, as they come.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { getRows, parseJson, tailPath } from "../api/client";
import { Push, type Connection } from "../api/push";
import type { AppStatus, AppStreamStatus, Cell, GapEvent, SampledRow } from "../api/types";
import * as format from "../format";
import { appHref } from "../route";
import { emptyTail, keyOf, paused, resumed, rowsMax, withGap, withRows, withSample, type Tail } from "../state/tail";
import { Badge, Card, Empty, Failure, Loading, PageHead, TableBox } from "./parts";

const batchMillis = 100; // Rows are put on the page together, this often.

function useTail(app: string, stream: string) {
  const tail = useSignal<Tail>(emptyTail);
  const connection = useSignal<Connection>("connecting");
  const error = useSignal<string | null>(null);
  const loaded = useSignal(false);
  const round = useSignal(0);

  useEffect(() => {
    const abort = new AbortController();
    let buffer: SampledRow[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    tail.value = emptyTail;
    loaded.value = false;
    error.value = null;

    const loadNewest = async () => {
      try {
        tail.value = withSample(tail.value, await getRows(app, stream, rowsMax, abort.signal));
        error.value = null;
        loaded.value = true;
      } catch (failure) {
        if (!abort.signal.aborted) error.value = failure instanceof Error ? failure.message : String(failure);
      }
    };
    const flush = () => {
      timer = null;
      tail.value = withRows(tail.value, buffer);
      buffer = [];
      loaded.value = true;
    };
    const push = new Push({
      url: tailPath(app, stream),
      silenceMillisMax: 0, // A stream without rows is silent.
      on: {
        row: (data) => {
          buffer.push(parseJson<SampledRow>(data));
          timer ??= setTimeout(flush, batchMillis);
        },
        gap: (data) => {
          tail.value = withGap(tail.value, parseJson<GapEvent>(data).skipped);
        },
      },
      onConnection: (next) => {
        if (next === "live" && connection.value === "reconnecting") void loadNewest();
        connection.value = next;
      },
    });
    void loadNewest();
    return () => {
      abort.abort();
      push.close();
      if (timer !== null) clearTimeout(timer);
    };
  }, [app, stream, round.value]);

  return { tail, connection, error, loaded, retry: () => (round.value += 1) };
}

function CellView({ value }: { value: Cell | undefined }) {
  if (value === null || value === undefined) return <td class="null">NULL</td>;
  const numeric = typeof value === "number";
  return <td class={numeric ? "num" : ""}>{format.cell(value)}</td>;
}

function RowTable({ stream, tail }: { stream: AppStreamStatus; tail: Tail }) {
  const first = tail.rows[0];
  const names = stream.columns.length > 0 ? stream.columns : Object.keys(first?.row ?? {});
  const columns = names.filter((name) => name !== "ROWTIME");
  const numeric = (name: string) => typeof first?.row[name] === "number";
  return (
    <TableBox label={`Rows of ${stream.name}`}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">ROWTIME (UTC)</th>
            {columns.map((name) => (
              <th key={name} scope="col" class={numeric(name) ? "num" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tail.rows.map((row) => (
            <tr key={keyOf(row)}>
              <td class="stamp">{format.timeMillis(row.rowtime)}</td>
              {columns.map((name) => (
                <CellView key={name} value={row.row[name]} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Chooser({ app, stream }: { app: AppStatus; stream: AppStreamStatus }) {
  const words = { input: "input", intermediate: "", error: "errors" };
  return (
    <label class="field">
      <span>Stream</span>
      <select
        value={stream.name}
        onChange={(event) => (location.hash = appHref(app.name, "rows", event.currentTarget.value))}
      >
        {app.streams.map((choice) => (
          <option key={choice.name} value={choice.name}>
            {choice.name}
            {words[choice.kind] === "" ? "" : ` (${words[choice.kind]})`}
          </option>
        ))}
      </select>
    </label>
  );
}

function StreamRows({ app, stream }: { app: AppStatus; stream: AppStreamStatus }) {
  const { tail, connection, error, loaded, retry } = useTail(app.name, stream.name);
  const current = tail.value;
  const state = current.paused
    ? { tone: "warn" as const, text: "Paused" }
    : connection.value === "live"
      ? { tone: "ok" as const, text: "Live" }
      : { tone: "idle" as const, text: connection.value === "connecting" ? "Connecting" : "Reconnecting" };
  const toggle = () => (tail.value = current.paused ? resumed(current) : paused(current));
  return (
    <Card>
      <div class="toolbar">
        <Chooser app={app} stream={stream} />
        <button type="button" class="primary" aria-pressed={current.paused} onClick={toggle}>
          {current.paused ? "Resume" : "Pause"}
        </button>
        <Badge {...state} />
        <span class="soft">
          {format.number(stream.rows)} rows so far · {format.rate(stream.rows_per_s)}
        </span>
      </div>
      {current.paused && current.waitingTotal > 0 && (
        <p class="hint">
          {format.plural(current.waitingTotal, "row")} came since. Resume shows the newest.
        </p>
      )}
      {current.skipped > 0 && (
        <p class="hint">
          Rows come faster than they are shown: {format.plural(current.skipped, "row")} not sampled since you opened this view. The SQL
          saw all of them.
        </p>
      )}
      {error.value !== null && <Failure what="the rows" error={error.value} retry={retry} />}
      {current.rows.length > 0 ? (
        <RowTable stream={stream} tail={current} />
      ) : (
        error.value === null &&
        (loaded.value ? (
          <Empty title="No rows yet">
            {stream.kind === "error" ? "Nothing has failed." : "They appear here as soon as the stream has one."}
          </Empty>
        ) : (
          <Loading what="rows" />
        ))
      )}
    </Card>
  );
}

export function RowsView({ app, chosen }: { app: AppStatus; chosen: string }) {
  const fallback = app.streams.find((stream) => stream.rows_per_s > 0 && stream.kind !== "error") ?? app.streams[0];
  // Without a choice in the address the first one stays, whatever moves later.
  const first = useSignal(fallback?.name ?? "");
  const wanted = chosen === "" ? first.value : chosen;
  const stream = app.streams.find((candidate) => candidate.name === wanted) ?? (chosen === "" ? fallback : undefined);
  return (
    <>
      <PageHead app={app.name} title="Live rows" lead={`Samples of what flows, newest first; at most ${rowsMax}`} />
      {stream === undefined ? (
        <Card>
          <Empty title={chosen === "" ? "No streams yet" : "No such stream"}>
            {chosen === "" ? (
              "They appear as soon as the application has started."
            ) : (
              <>
                {app.name} has no stream {chosen}. <a href={appHref(app.name, "rows")}>Show another</a>
              </>
            )}
          </Empty>
        </Card>
      ) : (
        <StreamRows key={stream.name} app={app} stream={stream} />
      )}
    </>
  );
}
