// Every alarm's chart of one application.

import type { AppStatus } from "../api/types";
import { appHref } from "../route";
import { chartErrors, charts } from "../state/server";
import { ChartNumbers, ChartView } from "./chart";
import { Badge, Card, Empty, PageHead } from "./parts";

export function ChartsView({ app }: { app: AppStatus }) {
  const known = charts.value.get(app.name) ?? [];
  const error = chartErrors.value.get(app.name);
  return (
    <>
      <PageHead app={app.name} title="Charts" lead="The largest value of each second against the alarm's threshold; last 15 minutes, UTC" />
      {error !== undefined && <p class="trouble">The charts could not be loaded: {error}</p>}
      {known.length === 0 && error === undefined && (
        <Card>
          <Empty title="No alarm has a chart">
            Give an alarm in <code>tailrace.yaml</code> the entry{" "}
            <code>{"chart: {stream: NAME, column: NAME, threshold: 30}"}</code>.
          </Empty>
        </Card>
      )}
      {known.map((chart) => {
        const firing = app.alarms.some((alarm) => alarm.alarm === chart.alarm && alarm.firing);
        return (
          <Card
            key={`${chart.alarm}/${chart.stream}/${chart.column}`}
            title={chart.alarm}
            note={
              <>
                {chart.column} of <a href={appHref(app.name, "rows", chart.stream)}>{chart.stream}</a>
              </>
            }
            aside={
              <>
                <ChartNumbers chart={chart} />
                <Badge tone={firing ? "bad" : "ok"} text={firing ? "Firing" : "Quiet"} />
              </>
            }
          >
            <ChartView chart={chart} height={300} />
          </Card>
        );
      })}
    </>
  );
}
