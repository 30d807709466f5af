// Rows that an output refused for good: why, the row, its bytes and where it came from.

import { useState } from "preact/hooks";
import { deleteDeadLetter, getDeadLetters, redriveDeadLetter } from "../api/client";
import type { AppStatus, DeadLetter } from "../api/types";
import * as format from "../format";
import { notify } from "../state/notices";
import { useResource } from "../state/resource";
import { Card, Confirm, Empty, Failure, Loading, PageHead, Time, type Question } from "./parts";

const pageSize = 50;

// The row as names and values; as it stands when it was too long to be kept whole.
function RowOf({ row }: { row: DeadLetter["row"] }) {
  if (row === null) return null;
  if (typeof row === "string") return <pre>{row}</pre>;
  return (
    <dl class="pairs">
      {Object.entries(row).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={value === null ? "null" : value === "" ? "blank" : ""}>{value === "" ? "empty" : format.cell(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

// An output's full name begins with its application's.
function outputName(letter: DeadLetter, app: string): string {
  return letter.output.startsWith(`${app}/`) ? letter.output.slice(app.length + 1) : letter.output;
}

function RecordBytes({ base64 }: { base64: string }) {
  const { text, encoding, count } = format.recordBytes(base64);
  return (
    <details>
      <summary>
        Record, {format.bytes(count)}
        {encoding === "hex" ? " (not text: in hexadecimal)" : ""}
      </summary>
      <pre>{text}</pre>
    </details>
  );
}

function Letter(props: { app: string; letter: DeadLetter; busy: boolean; redrive: () => void; forget: () => void }) {
  const { letter } = props;
  const shard = letter.shard === null || letter.shard === "" ? null : letter.shard;
  return (
    <li class="letter" data-letter={letter.id}>
      <div class="letter-head">
        <p class="letter-reason">{letter.reason}</p>
        <div class="actions">
          <button type="button" disabled={props.busy} onClick={props.redrive} aria-label={`Redrive ${letter.id}`}>
            Redrive
          </button>
          <button type="button" class="quiet-danger" disabled={props.busy} onClick={props.forget} aria-label={`Delete ${letter.id}`}>
            Delete
          </button>
        </div>
      </div>
      <p class="meta">
        <Time at={letter.time} /> · {outputName(letter, props.app)} · row {format.number(letter.ordinal)}
        {shard !== null && ` · shard ${shard}, sequence ${letter.sequence ?? ""}`}
        {letter.redrives > 0 && ` · redriven ${format.plural(letter.redrives, "time")} before`}
      </p>
      <RowOf row={letter.row} />
      {letter.bytes !== null && letter.bytes !== "" && <RecordBytes base64={letter.bytes} />}
    </li>
  );
}

function redriveQuestion(letter: DeadLetter, output: string, run: () => void): Question {
  return {
    title: "Give the row to its output again?",
    text: `${output} gets row ${format.number(letter.ordinal)} once more. When it refuses it again, the dead letter stays.`,
    action: "Redrive",
    dangerous: false,
    run,
  };
}

function deleteQuestion(letter: DeadLetter, output: string, run: () => void): Question {
  return {
    title: "Forget this dead letter?",
    text: `Row ${format.number(letter.ordinal)} of ${output} is removed from this list and cannot be redriven afterwards.`,
    action: "Delete",
    dangerous: true,
    run,
  };
}

export function DeadLettersView({ app }: { app: AppStatus }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [limit, setLimit] = useState(pageSize);
  const list = useResource(`dead-letters/${app.name}`, `${app.dead_letters}/${limit}`, (signal) =>
    getDeadLetters(app.name, { limit }, signal),
  );

  const act = async (letter: DeadLetter, action: () => Promise<unknown>, done: string) => {
    setBusy(letter.id);
    try {
      await action();
      notify("ok", done);
    } catch (error) {
      notify("bad", error instanceof Error ? error.message : String(error));
    }
    setBusy(null);
    list.reload();
  };
  const redrive = (letter: DeadLetter) =>
    act(letter, () => redriveDeadLetter(app.name, letter.id), `${outputName(letter, app.name)} took the row.`);
  const forget = (letter: DeadLetter) =>
    act(letter, () => deleteDeadLetter(app.name, letter.id), "The dead letter is gone.");

  return (
    <>
      <PageHead app={app.name} title="Dead letters" lead="Rows that an output refused for good. Nothing else waited for them." />
      <Card>
        {list.error !== null && <Failure what="the dead letters" error={list.error} retry={list.reload} />}
        {list.data === null && list.error === null && <Loading what="dead letters" />}
        {list.data?.letters.length === 0 && (
          <Empty title="No dead letters">Every row reached its output, or is still being tried.</Empty>
        )}
        <ul class="letters">
          {list.data?.letters.map((letter) => (
            <Letter
              key={letter.id}
              app={app.name}
              letter={letter}
              busy={busy !== null}
              redrive={() => setQuestion(redriveQuestion(letter, outputName(letter, app.name), () => void redrive(letter)))}
              forget={() => setQuestion(deleteQuestion(letter, outputName(letter, app.name), () => void forget(letter)))}
            />
          ))}
        </ul>
        {list.data !== null && list.data.next !== null && (
          <button type="button" class="more" onClick={() => setLimit(limit + pageSize)}>
            Show more
          </button>
        )}
      </Card>
      <Confirm question={question} close={() => setQuestion(null)} />
    </>
  );
}
