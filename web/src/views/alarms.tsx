// Alarms of one application: state, messages and their delivery, events, months.

import { useState } from "preact/hooks";
import { getAlarmEvents, getAlarms, getDeliveries, getHistory, redriveDelivery } from "../api/client";
import type { Alarm, AlarmEvent, AppStatus, Delivery, DeliveryState, History } from "../api/types";
import * as format from "../format";
import { notify } from "../state/notices";
import { useResource } from "../state/resource";
import type { Tone } from "../state/health";
import { Why } from "./evidence";
import { Ago, Badge, Card, Empty, Facts, Failure, Loading, PageHead, TableBox, Time } from "./parts";

const pageSize = 25;

// A time of 0 is "never", as null is.
function when(at: number | null) {
  return at === null || at === 0 ? <span class="soft">never</span> : <Ago at={at} />;
}

// Changes whenever something the lists below show may have changed.
function versionOf(app: AppStatus): string {
  const { pending, sent, dead } = app.deliveries;
  const alarms = app.alarms.map((alarm) => `${alarm.alarm}/${alarm.key}/${alarm.firing}/${alarm.last_message}`);
  return [pending, sent, dead, ...alarms].join(",");
}

function AlarmCard({ alarm }: { alarm: Alarm }) {
  return (
    <Card
      label={`Alarm ${alarm.alarm} ${alarm.key}`}
      title={alarm.key === "" ? alarm.alarm : `${alarm.alarm} · ${alarm.key}`}
      aside={<Badge tone={alarm.firing ? "bad" : "ok"} text={alarm.firing ? "Firing" : "Quiet"} />}
    >
      <Facts
        facts={[
          [alarm.firing ? "Firing since" : "Fired last", when(alarm.fired_at)],
          ["Last message", when(alarm.last_message)],
          ["Held back since", format.plural(alarm.held_rows, "row")],
          ["Last row", when(alarm.last_row)],
          ["Rows", format.number(alarm.rows)],
          ["Largest", format.number(alarm.max)],
        ]}
      />
    </Card>
  );
}

// The pushed state, which is the newest and knows every alarm, and what only the list of those that have rung tells.
function States({ app, version }: { app: AppStatus; version: string }) {
  const alarms = useResource(`alarms/${app.name}`, version, (signal) => getAlarms(app.name, signal));
  const current = app.alarms.map((alarm) => {
    const known = alarms.data?.find((one) => one.alarm === alarm.alarm && one.key === alarm.key);
    return { ...alarm, fired_at: known?.fired_at ?? null, last_row: known?.last_row ?? null };
  });
  const sorted = current.sort((left, right) => Number(right.firing) - Number(left.firing));
  return (
    <>
      {alarms.error !== null && <Failure what="the alarms" error={alarms.error} retry={alarms.reload} />}
      <div class="cards">
        {sorted.map((alarm) => (
          <AlarmCard key={`${alarm.alarm}/${alarm.key}`} alarm={alarm} />
        ))}
      </div>
    </>
  );
}

const deliveryVerdicts: Record<DeliveryState, { tone: Tone; text: string }> = {
  pending: { tone: "warn", text: "Waiting" },
  sent: { tone: "ok", text: "Sent" },
  dead: { tone: "bad", text: "Failed" },
};

function titleOf(delivery: Delivery): string {
  if (delivery.subject !== "") return delivery.subject;
  if (delivery.text !== "") return delivery.text;
  return delivery.kind === "history" ? "Row for the history" : "Message without a text";
}

function DeliveryEntry({ app, delivery, changed }: { app: string; delivery: Delivery; changed: () => void }) {
  const [busy, setBusy] = useState(false);
  const retry = async () => {
    setBusy(true);
    try {
      await redriveDelivery(app, delivery.id);
      notify("ok", `The message to ${delivery.target} will be sent again.`);
    } catch (error) {
      notify("bad", `Not put back: ${error instanceof Error ? error.message : String(error)}`);
    }
    setBusy(false);
    changed();
  };
  const verdict = deliveryVerdicts[delivery.state];
  return (
    <li class="entry">
      <Badge {...verdict} />
      <div class="entry-body">
        <p class="entry-title">{titleOf(delivery)}</p>
        {delivery.subject !== "" && <p>{delivery.text}</p>}
        <p class="meta">
          <Time at={delivery.time} /> · {delivery.alarm}
          {delivery.key === "" ? "" : ` · ${delivery.key}`} → <strong>{delivery.target}</strong> ·{" "}
          {format.plural(delivery.attempts, "attempt")}
          {delivery.delayed && " · delayed"}
          {delivery.state === "pending" && delivery.next_attempt !== null && (
            <>
              {" "}
              · next attempt <Time at={delivery.next_attempt} />
            </>
          )}
        </p>
        {delivery.last_error !== null && delivery.last_error !== "" && <p class="trouble">{delivery.last_error}</p>}
      </div>
      {delivery.state === "dead" && (
        <button type="button" disabled={busy} onClick={() => void retry()} aria-label={`Retry the message to ${delivery.target}`}>
          Retry
        </button>
      )}
    </li>
  );
}

const filters: readonly (readonly [DeliveryState | "", string])[] = [
  ["", "All"],
  ["pending", "Waiting"],
  ["sent", "Sent"],
  ["dead", "Failed"],
];

function Deliveries({ app, version }: { app: AppStatus; version: string }) {
  const [state, setState] = useState<DeliveryState | "">("");
  const [limit, setLimit] = useState(pageSize);
  const list = useResource(`deliveries/${app.name}/${state}`, `${version}/${limit}`, (signal) =>
    getDeliveries(app.name, { limit, state: state === "" ? undefined : state }, signal),
  );
  return (
    <Card
      title="Messages"
      note="What was sent, to whom, and what could not be"
      aside={
        <div class="segments" role="group" aria-label="Show messages">
          {filters.map(([value, name]) => (
            <button key={value} type="button" aria-pressed={state === value} onClick={() => setState(value)}>
              {name}
              {value === "dead" && app.deliveries.dead > 0 && ` ${format.short(app.deliveries.dead)}`}
            </button>
          ))}
        </div>
      }
    >
      {list.error !== null && <Failure what="the messages" error={list.error} retry={list.reload} />}
      {list.data === null && list.error === null && <Loading what="messages" />}
      {list.data?.length === 0 && (
        <Empty title={state === "" ? "No message yet" : "None in this state"}>
          {state === "" ? "The first one goes out when an alarm fires." : "Choose another state above."}
        </Empty>
      )}
      <ul class="entries">
        {list.data?.map((delivery) => (
          <DeliveryEntry key={delivery.id} app={app.name} delivery={delivery} changed={list.reload} />
        ))}
      </ul>
      {(list.data?.length ?? 0) >= limit && <More more={() => setLimit(limit + pageSize)} />}
    </Card>
  );
}

function More({ more }: { more: () => void }) {
  return (
    <button type="button" class="more" onClick={more}>
      Show older ones
    </button>
  );
}

const eventWords: Record<AlarmEvent["kind"], { tone: Tone; text: string }> = {
  fired: { tone: "bad", text: "Fired" },
  message: { tone: "warn", text: "Message" },
  resolved: { tone: "ok", text: "Resolved" },
};

function eventText(event: AlarmEvent): string {
  const rows = event.rows ?? 0;
  const largest = event.max === null ? "" : `, largest ${format.number(event.max)}`;
  switch (event.kind) {
    case "fired":
      return `at ${format.number(event.value)}`;
    case "message":
      return rows === 0 ? `at ${format.number(event.value)}` : `${format.plural(rows, "row")} held back before it${largest}`;
    case "resolved":
      return `after ${format.plural(rows, "row")}${largest}`;
  }
}

function Events({ app, version }: { app: AppStatus; version: string }) {
  const [limit, setLimit] = useState(pageSize);
  const list = useResource(`events/${app.name}`, `${version}/${limit}`, (signal) =>
    getAlarmEvents(app.name, { limit }, signal),
  );
  return (
    <Card title="Events" note="When alarms fired, told somebody, and were over">
      {list.error !== null && <Failure what="the events" error={list.error} retry={list.reload} />}
      {list.data === null && list.error === null && <Loading what="events" />}
      {list.data?.length === 0 && <Empty title="Nothing has happened yet" />}
      <ul class="entries events">
        {list.data?.map((event) => (
          <li key={event.id} class="entry">
            <Badge {...eventWords[event.kind]} />
            <div class="entry-body">
              <p>
                <strong>{event.key === "" ? event.alarm : `${event.alarm} · ${event.key}`}</strong> {eventText(event)}
              </p>
              <p class="meta">
                <Time at={event.time} />
              </p>
              <Why app={app.name} id={event.id} />
            </div>
          </li>
        ))}
      </ul>
      {(list.data?.length ?? 0) >= limit && <More more={() => setLimit(limit + pageSize)} />}
    </Card>
  );
}

function Months({ history }: { history: History }) {
  const months = [...history.months].sort((left, right) => right.month.localeCompare(left.month));
  const most = Math.max(1, ...months.map((one) => one.alarms));
  if (months.length === 0) return <Empty title="No alarm has been written yet" />;
  return (
    <TableBox label={`Alarms by month in ${history.target}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col" class="num">Alarms</th>
            <th scope="col" class="bar-column"><span class="hidden">Share</span></th>
            <th scope="col" class="num">Largest</th>
          </tr>
        </thead>
        <tbody>
          {months.map((one) => (
            <tr key={one.month}>
              <th scope="row">{format.month(one.month)}</th>
              <td class="num">{format.number(one.alarms)}</td>
              <td class="bar-column">
                <span class="gauge" aria-hidden="true">
                  <span style={{ width: `${Math.round((one.alarms / most) * 100)}%` }} />
                </span>
              </td>
              <td class="num">{format.number(one.orders_max)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Histories({ app, version }: { app: AppStatus; version: string }) {
  const list = useResource(`history/${app.name}`, version, (signal) => getHistory(app.name, signal));
  if (list.error !== null) {
    return (
      <Card title="By month">
        <Failure what="the history" error={list.error} retry={list.reload} />
      </Card>
    );
  }
  return (
    <>
      {list.data?.map((history) => (
        <Card key={history.target} title="By month" note={`As written to ${history.target}`}>
          {history.error === "" ? (
            <Months history={history} />
          ) : (
            <Failure what="the history" error={history.error} retry={list.reload} />
          )}
        </Card>
      ))}
    </>
  );
}

export function AlarmsView({ app }: { app: AppStatus }) {
  const version = versionOf(app);
  const head = (
    <PageHead app={app.name} title="Alarms" lead="An alarm tells once, holds back what follows, and says how much it held back" />
  );
  if (app.alarms.length === 0) {
    return (
      <>
        {head}
        <Card>
          <Empty title="No alarm watches this application">
            Declare one under <code>alarms:</code> in <code>tailrace.yaml</code>, and give it rows with an output{" "}
            <code>{"{from: STREAM, alarm: NAME}"}</code>.
          </Empty>
        </Card>
      </>
    );
  }
  return (
    <>
      {head}
      <States app={app} version={version} />
      <Deliveries app={app} version={version} />
      <div class="two">
        <Events app={app} version={version} />
        <div>
          <Histories app={app} version={version} />
        </div>
      </div>
    </>
  );
}
