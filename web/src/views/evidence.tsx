// Why an alarm's event happened: what it rests on, and the row computed again.

import { useState } from "preact/hooks";
import { explainAlarmEvent } from "../api/client";
import type { Evidence, Recomputed } from "../api/types";
import * as format from "../format";
import { useResource } from "../state/resource";
import { Facts, Failure, Loading, TableBox, Time } from "./parts";

function outcome(recomputed: Recomputed | null): string {
  if (recomputed === null) return "no";
  const note = recomputed.note === "" ? "" : `; ${recomputed.note}`;
  switch (recomputed.outcome) {
    case "same":
      return `the same row, from ${format.plural(recomputed.records, "record")}${note}`;
    case "different":
      return `another result, from ${format.plural(recomputed.records, "record")}${note}`;
    case "incomplete":
      return `not the same: ${format.plural(recomputed.records_gone, "record")} past retention${note}`;
    case "nothing":
      return `nothing to compute${note}`;
    case "failed":
      return `not possible${note}`;
  }
}

function Records({ evidence }: { evidence: Evidence }) {
  if (evidence.records.length === 0) return null;
  return (
    <TableBox label="The newest of these records">
      <table>
        <thead>
          <tr>
            <th scope="col">Arrived</th>
            <th scope="col" class="num">Shard</th>
            <th scope="col" class="num">Sequence</th>
            <th scope="col">Record</th>
          </tr>
        </thead>
        <tbody>
          {evidence.records.map((record) => (
            <tr key={`${record.stream}/${record.shard}/${record.sequence}`}>
              <td><Time at={record.arrival} /></td>
              <td class="num">{record.shard}</td>
              <td class="num">{record.sequence}</td>
              <td><code>{record.data}{record.cut && "…"}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Explanation({ app, id }: { app: string; id: number }) {
  const answer = useResource(`explain/${app}/${id}`, "", (signal) => explainAlarmEvent(app, id, signal));
  if (answer.error !== null) return <Failure what="the explanation" error={answer.error} retry={answer.reload} />;
  if (answer.data === null) return <Loading what="explanation" />;
  const { evidence, recomputed } = answer.data;
  if (evidence === null) return <p>This event was stored without what it rests on.</p>;
  return (
    <>
      <Facts
        facts={[
          ["Row", evidence.row === "" ? "none: it rests on rows that did not come" : <code>{evidence.row}</code>],
          ["Records after", evidence.bounded ? <Time at={evidence.from} /> : "the application's start"],
          ["Up to", <Time at={evidence.to} />],
          ...evidence.ranges.map((range): [string, string] => [
            `${range.stream}, shard ${range.shard}`,
            `sequences ${range.first} to ${range.last}`,
          ]),
          ["Program", <code>{evidence.program.slice(0, 12)}</code>],
          ["Computed again", outcome(recomputed)],
        ]}
      />
      <Records evidence={evidence} />
    </>
  );
}

// A switch that shows the explanation below it.
export function Why({ app, id }: { app: string; id: number }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" aria-expanded={open} aria-label={`Why event ${id} happened`} onClick={() => setOpen(!open)}>
        Why?
      </button>
      {open && <Explanation app={app} id={id} />}
    </>
  );
}
