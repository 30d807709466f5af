// The small pieces that every view is made of.

import { Fragment, type ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as format from "../format";
import { now } from "../state/server";
import type { Verdict } from "../state/health";

// A sign of its own for every tone: colour is never the only one.
const signs: Record<Verdict["tone"], string> = { ok: "●", warn: "▲", bad: "✕", idle: "○" };

export function Badge({ tone, text, title }: Verdict & { title?: string }) {
  return (
    <span class={`badge ${tone}`} title={title}>
      <span class="sign" aria-hidden="true">
        {signs[tone]}
      </span>
      {text}
    </span>
  );
}

export function Card(props: {
  title?: ComponentChildren;
  aside?: ComponentChildren;
  note?: ComponentChildren;
  label?: string;
  children: ComponentChildren;
}) {
  return (
    <section class="card" aria-label={props.label}>
      {(props.title !== undefined || props.aside !== undefined) && (
        <div class="card-head">
          <div class="card-title">
            {props.title !== undefined && <h2>{props.title}</h2>}
            {props.note !== undefined && <p class="note">{props.note}</p>}
          </div>
          {props.aside !== undefined && <div class="card-aside">{props.aside}</div>}
        </div>
      )}
      {props.children}
    </section>
  );
}

export function PageHead(props: { app?: string; title: string; lead: ComponentChildren; aside?: ComponentChildren }) {
  return (
    <div class="page-head">
      <div>
        {props.app !== undefined && <p class="of-app">{props.app}</p>}
        <h1>{props.title}</h1>
        <p class="lead">{props.lead}</p>
      </div>
      {props.aside !== undefined && <div class="page-aside">{props.aside}</div>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      Loading {what}…
    </div>
  );
}

export function Failure({ what, error, retry }: { what: string; error: string; retry: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>
        <strong>Could not load {what}.</strong> {error}
      </p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

// A name that may be broken after its underscores, and only there as long as that is enough.
export function Name({ name }: { name: string }) {
  const parts = name.split(/(?<=_)/);
  return (
    <>
      {parts.map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}

// A table may be wider than a phone: it scrolls in its own box, which the keyboard reaches.
export function TableBox({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="table-box" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export function Time({ at }: { at: number | null | undefined }) {
  if (at === null || at === undefined) return <span>{format.time(at)}</span>;
  return (
    <time class="time" dateTime={format.isoTime(at)}>
      {format.time(at)}
    </time>
  );
}

// How long ago, with the moment itself on hover and for screen readers.
export function Ago({ at }: { at: number }) {
  return (
    <time dateTime={format.isoTime(at)} title={format.time(at)}>
      {format.ago(at, now.value)}
    </time>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren, Verdict["tone"]?])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value, tone]) => (
        <div key={name} class={tone ?? ""}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly dangerous: boolean;
  readonly run: () => void;
}

// Asks before something is done that cannot be taken back. Escape and "Cancel" do nothing.
export function Confirm({ question, close }: { question: Question | null; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (question !== null && element !== null && !element.open) element.showModal();
  }, [question]);
  if (question === null) return null;
  return (
    <dialog ref={dialog} class="confirm" aria-labelledby="confirm-title" onClose={close}>
      <h2 id="confirm-title">{question.title}</h2>
      <p>{question.text}</p>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={question.dangerous ? "danger" : "primary"}
          onClick={() => {
            question.run();
            dialog.current?.close();
          }}
        >
          {question.action}
        </button>
      </div>
    </dialog>
  );
}
