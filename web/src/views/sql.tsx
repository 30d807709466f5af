// The program's text: checked by the server's compiler, saved and run while the application goes on.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { checkSql, getSql, putSql } from "../api/client";
import type { AppStatus, Finding } from "../api/types";
import * as format from "../format";
import { notify } from "../state/notices";
import { useResource } from "../state/resource";
import { byLine, drafts, offsetOf, outcomeText, piecesOf } from "../state/sql";
import { Badge, Card, Confirm, Failure, Loading, PageHead, type Question } from "./parts";

interface Verdict {
  readonly of: string; // The text that was looked at.
  readonly findings: readonly Finding[];
  readonly says: string;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function placeOf(finding: Finding, file: string): string {
  const name = finding.file === file ? "" : `${finding.file.split("/").pop() ?? ""}:`;
  return finding.line === 0 ? name.replace(/:$/, "") : `${name}${finding.line}:${finding.column}`;
}

function Findings(props: { findings: readonly Finding[]; file: string; go: (finding: Finding) => void }) {
  return (
    <ul class="findings" aria-label="What the compiler says">
      {props.findings.map((finding, index) => (
        <li key={index} class={finding.severity}>
          <Badge tone={finding.severity === "error" ? "bad" : "warn"} text={finding.severity === "error" ? "Error" : "Warning"} />
          {finding.file === props.file && finding.line > 0 ? (
            <button type="button" class="place" onClick={() => props.go(finding)} aria-label={`Go to line ${finding.line}, column ${finding.column}`}>
              {placeOf(finding, props.file)}
            </button>
          ) : (
            <span class="place">{placeOf(finding, props.file)}</span>
          )}
          <span class="finding-text">
            {finding.message}
            {finding.hint !== "" && <span class="soft"> {finding.hint}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

// Numbers and marks lie behind a textarea that is as large as its text, so that all scroll as one.
function Editor(props: {
  text: string;
  lines: ReadonlyMap<number, readonly Finding[]>;
  area: { current: HTMLTextAreaElement | null };
  change: (text: string) => void;
  save: () => void;
}) {
  const rows = props.text.split("\n");
  return (
    <div class="editor">
      <div class="editor-numbers" aria-hidden="true">
        {rows.map((_, index) => (
          <span key={index} class={props.lines.has(index + 1) ? "marked" : ""}>
            {index + 1}
          </span>
        ))}
      </div>
      <div class="editor-text">
        <div class="editor-marks" aria-hidden="true">
          {rows.map((row, index) => (
            <div key={index}>
              {piecesOf(row, props.lines.get(index + 1) ?? []).map((piece, at) => (
                <span key={at} class={piece.tone ?? ""}>
                  {piece.text}
                </span>
              ))}
            </div>
          ))}
        </div>
        <textarea
          ref={props.area}
          aria-label="SQL of the application"
          value={props.text}
          wrap="off"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          onInput={(event) => props.change(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            props.save();
          }}
        />
      </div>
    </div>
  );
}

function Program({ app, file, saved, reload }: { app: AppStatus; file: string; saved: string; reload: () => void }) {
  const draft = drafts.get(app.name);
  const text = useSignal(draft !== undefined && draft.text !== draft.saved ? draft.text : saved);
  const base = useSignal(draft !== undefined && draft.text !== draft.saved ? draft.saved : saved);
  const verdict = useSignal<Verdict | null>(null);
  const busy = useSignal(false);
  const question = useSignal<Question | null>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const changed = text.value !== base.value;

  // Somebody else has saved: without a draft the new text is simply shown.
  useEffect(() => {
    if (text.peek() === base.peek()) {
      text.value = saved;
      base.value = saved;
    }
  }, [saved]);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    if (changed) window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [changed]);

  const change = (next: string) => {
    text.value = next;
    drafts.set(app.name, { saved: base.value, text: next });
  };
  const act = async (work: (sql: string) => Promise<void>) => {
    if (busy.value) return;
    busy.value = true;
    try {
      await work(text.value);
    } catch (error) {
      notify("bad", textOf(error));
    }
    busy.value = false;
  };
  const check = () =>
    act(async (sql) => {
      const { findings } = await checkSql(app.name, sql);
      const errors = findings.filter((finding) => finding.severity === "error").length;
      const says = errors > 0 ? `${format.plural(errors, "error")}: this text would not run.` : "No errors.";
      verdict.value = { of: sql, findings, says };
    });
  const put = async (sql: string) => {
    const outcome = await putSql(app.name, sql);
    verdict.value = {
      of: sql,
      findings: outcome.findings,
      says: outcome.reloaded ? `Saved and running. ${outcomeText(outcome)}` : "Not saved: the program that ran goes on.",
    };
    if (!outcome.reloaded) return;
    base.value = sql;
    drafts.set(app.name, { saved: sql, text: text.value });
    reload();
  };
  const save = () =>
    act(async (sql) => {
      const now = await getSql(app.name);
      if (now.sql === base.value || now.sql === sql) return put(sql);
      question.value = {
        title: "Replace what somebody else has saved?",
        text: "The program was changed since you opened it. Saving puts your text in its place.",
        action: "Replace",
        dangerous: true,
        run: () => void act(() => put(sql)),
      };
    });
  const go = (finding: Finding) => {
    const begin = offsetOf(text.value, finding.line, finding.column);
    const end = offsetOf(text.value, finding.line, finding.column + Math.max(1, finding.length));
    area.current?.focus();
    area.current?.setSelectionRange(begin, end);
  };

  const current = verdict.value !== null && verdict.value.of === text.value ? verdict.value : null;
  const bad = current?.findings.some((finding) => finding.severity === "error") === true;
  return (
    <Card>
      <div class="toolbar">
        <button type="button" disabled={busy.value} onClick={() => void check()}>
          Check
        </button>
        <button type="button" class="primary" disabled={busy.value || !changed} onClick={() => void save()}>
          Save and run
        </button>
        <button type="button" disabled={busy.value || !changed} onClick={() => change(base.value)}>
          Undo all
        </button>
        <Badge tone={changed ? "warn" : "idle"} text={changed ? "Changed" : "As it runs"} />
        <span class="soft path">{file}</span>
      </div>
      <div role="status" aria-live="polite">
        {current !== null && <p class={`verdict ${bad ? "bad" : "ok"}`}>{current.says}</p>}
      </div>
      {current !== null && current.findings.length > 0 && <Findings findings={current.findings} file={file} go={go} />}
      <Editor text={text.value} lines={byLine(current?.findings ?? [], file)} area={area} change={change} save={() => void save()} />
      <p class="note">Ctrl+S saves and runs. Windows of statements that stay as they are stay open.</p>
      <Confirm question={question.value} close={() => (question.value = null)} />
    </Card>
  );
}

export function SqlView({ app }: { app: AppStatus }) {
  // The pumps change when somebody puts another program into force.
  const version = app.pumps.map((pump) => pump.name).join(" ");
  const sql = useResource(`sql/${app.name}`, version, (signal) => getSql(app.name, signal));
  return (
    <>
      <PageHead app={app.name} title="SQL" lead="The program that runs; another takes its place while records come" />
      {sql.error !== null && <Failure what="the SQL" error={sql.error} retry={sql.reload} />}
      {sql.data === null ? (
        sql.error === null && <Loading what="the SQL" />
      ) : (
        <Program key={app.name} app={app} file={sql.data.file} saved={sql.data.sql} reload={sql.reload} />
      )}
    </>
  );
}
