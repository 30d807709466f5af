// The frame of the page: header, navigation, the view that the address names, and notices.

import { useEffect, useRef } from "preact/hooks";
import type { Connection } from "../api/push";
import type { AppStatus } from "../api/types";
import * as format from "../format";
import { appHref, overviewHref, route, type Page, type Route } from "../route";
import { agentTrouble, appVerdict, firingCount, serverVerdict } from "../state/health";
import { dismiss, notices } from "../state/notices";
import { appOf, connection, now, status } from "../state/server";
import { AgentsView } from "./agents";
import { AlarmsView } from "./alarms";
import { ChartsView } from "./charts";
import { DeadLettersView } from "./dead-letters";
import { FlowView } from "./flow";
import { Overview } from "./overview";
import { Badge, Empty, Loading } from "./parts";
import { RowsView } from "./rows";
import { SqlView } from "./sql";

const pageNames: Record<Page, string> = {
  flow: "Flow",
  rows: "Live rows",
  sql: "SQL",
  charts: "Charts",
  alarms: "Alarms",
  "dead-letters": "Dead letters",
  agents: "Agents",
};

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 11c3.300-3 6.700-3 10 0s6.700 3 10 0" />
      <path d="M6 17c3.300-3 6.700-3 10 0s6.700 3 10 0" opacity=".8" />
      <path d="M6 23c3.300-3 6.700-3 10 0s6.700 3 10 0" opacity=".55" />
    </svg>
  );
}

const connectionWords: Record<Connection, { tone: "ok" | "warn" | "idle"; text: string; title: string }> = {
  connecting: { tone: "idle", text: "Connecting", title: "Waiting for the server's first answer" },
  live: { tone: "ok", text: "Live", title: "The server pushes its state four times a second" },
  reconnecting: { tone: "warn", text: "Reconnecting", title: "What you see is the last known state" },
};

function Header() {
  const current = status.value;
  return (
    <header class="top">
      <a class="brand" href={overviewHref}>
        <Logo />
        <span>Tailrace</span>
      </a>
      {current !== null && (
        <span class="server-state">
          <Badge {...serverVerdict(current)} title={`Version ${current.version}`} />
        </span>
      )}
      <span class="spacer" />
      <span class="connection" role="status">
        <Badge {...connectionWords[connection.value]} />
      </span>
      {current !== null && (
        <time class="clock" dateTime={format.isoTime(now.value)} title="The server's clock">
          {format.clock(now.value)}
        </time>
      )}
    </header>
  );
}

function mark(app: AppStatus, page: Page): { text: string; tone: "bad" | "warn"; says: string } | null {
  const firing = firingCount(app);
  const trouble = agentTrouble(app);
  if (page === "alarms" && firing > 0) return { text: String(firing), tone: "bad", says: "firing" };
  if (page === "dead-letters" && app.dead_letters > 0) {
    return { text: format.short(app.dead_letters), tone: "warn", says: "kept" };
  }
  if (page === "agents" && trouble > 0) return { text: String(trouble), tone: "warn", says: "with warnings" };
  return null;
}

function NavLink({ app, page, here }: { app: AppStatus; page: Page; here: Route }) {
  const count = mark(app, page);
  const current = here.kind === "app" && here.app === app.name && here.page === page;
  return (
    <a href={appHref(app.name, page)} aria-current={current ? "page" : undefined}>
      {pageNames[page]}
      {count !== null && (
        <span class={`count ${count.tone}`}>
          {count.text}
          <span class="hidden"> {count.says}</span>
        </span>
      )}
    </a>
  );
}

function Navigation({ here }: { here: Route }) {
  const strip = useRef<HTMLElement>(null);
  const key = here.kind === "app" ? `${here.app}/${here.page}` : here.kind;
  useEffect(() => {
    const link = strip.current?.querySelector("[aria-current]");
    if (link instanceof HTMLElement && strip.current !== null) strip.current.scrollLeft = link.offsetLeft - 48;
  }, [key]);
  return (
    <nav ref={strip} class="side" aria-label="Views">
      <a href={overviewHref} aria-current={here.kind === "overview" ? "page" : undefined}>
        Overview
      </a>
      {status.value?.apps.map((app) => (
        <div key={app.name} class="nav-app">
          <span class="nav-app-name" title={app.name}>
            <span class={`dot ${appVerdict(app).tone}`} aria-hidden="true" />
            {app.name}
          </span>
          {(Object.keys(pageNames) as Page[]).map((page) => (
            <NavLink key={page} app={app} page={page} here={here} />
          ))}
        </div>
      ))}
    </nav>
  );
}

function Missing({ title, text }: { title: string; text: string }) {
  return (
    <Empty title={title}>
      {text} <a href={overviewHref}>Go to the overview</a>
    </Empty>
  );
}

function View({ here }: { here: Route }) {
  if (status.value === null) return <FirstContact />;
  if (here.kind === "overview") return <Overview status={status.value} />;
  if (here.kind === "unknown") return <Missing title="No such page" text={`There is nothing at ${here.hash}.`} />;
  const app = appOf(here.app);
  if (app === undefined) return <Missing title="No such application" text={`${here.app} does not run here.`} />;
  switch (here.page) {
    case "flow":
      return <FlowView app={app} />;
    case "rows":
      return <RowsView app={app} chosen={here.detail} />;
    case "sql":
      return <SqlView key={app.name} app={app} />;
    case "charts":
      return <ChartsView app={app} />;
    case "alarms":
      return <AlarmsView app={app} />;
    case "dead-letters":
      return <DeadLettersView app={app} />;
    case "agents":
      return <AgentsView app={app} />;
  }
}

function FirstContact() {
  if (connection.value !== "reconnecting") return <Loading what="the server's state" />;
  return (
    <Empty title="The server does not answer">
      Is <code>tailrace run</code> still running? This page connects by itself as soon as it is.
    </Empty>
  );
}

function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.tone}`}>
          <span>{notice.text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}

export function App() {
  const here = route.value;
  const main = useRef<HTMLElement>(null);
  const stale = connection.value === "reconnecting" && status.value !== null;
  const place = here.kind === "app" ? `${pageNames[here.page]} · ${here.app}` : "Overview";
  useEffect(() => {
    document.title = `${place} · Tailrace`;
  }, [place]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header />
      <div class="frame">
        <Navigation here={here} />
        <main ref={main} tabIndex={-1}>
          {stale && (
            <p class="stale" role="alert">
              The connection to the server is lost. You see its last known state, of {format.time(now.value)}.
            </p>
          )}
          <View here={here} />
        </main>
      </div>
      <Notices />
    </>
  );
}
