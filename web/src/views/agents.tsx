// The agent's flows: which files are read, how far, and what is wrong.

import type { AgentFile, AgentFlow, AppStatus } from "../api/types";
import * as format from "../format";
import { healthVerdict } from "../state/health";
import { Badge, Card, Empty, Facts, PageHead, TableBox, Time } from "./parts";

function Progress({ file }: { file: AgentFile }) {
  const share = file.size === 0 ? 1 : Math.min(1, file.sent_offset / file.size);
  const percent = Math.floor(share * 100);
  return (
    <span class="progress">
      <span class="gauge" role="progressbar" aria-label={`Sent of ${file.path}`} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
        <span style={{ width: `${percent}%` }} />
      </span>
      <span class="percent">{percent} %</span>
    </span>
  );
}

function Files({ flow }: { flow: AgentFlow }) {
  if (flow.files.length === 0) {
    return <Empty title="No file yet">The first file that matches the pattern is picked up by itself.</Empty>;
  }
  return (
    <TableBox label={`Files of ${flow.flow}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">State</th>
            <th scope="col" class="num">Size</th>
            <th scope="col">Sent</th>
          </tr>
        </thead>
        <tbody>
          {flow.files.map((file) => (
            <tr key={file.path}>
              <th scope="row" class="path">{file.path}</th>
              <td>{file.state}</td>
              <td class="num">{format.bytes(file.size)}</td>
              <td>
                <Progress file={file} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

function Warnings({ flow }: { flow: AgentFlow }) {
  if (flow.warnings.length === 0) return null;
  return (
    <ul class="warnings">
      {flow.warnings.map((warning) => (
        <li key={`${warning.code}/${warning.subject}`}>
          <Badge tone={flow.health === "error" ? "bad" : "warn"} text={warning.code} />
          <div class="entry-body">
            <p>{warning.message}</p>
            {warning.subject !== "" && <p class="meta path">{warning.subject}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Rejected({ flow }: { flow: AgentFlow }) {
  if (flow.rejected.length === 0) return null;
  return (
    <details class="rejected">
      <summary>
        Lines that were not sent: {format.number(flow.rejected_total)}
        {flow.rejected_total > flow.rejected.length && `; the last ${flow.rejected.length}`}
      </summary>
      <ul class="plain">
        {flow.rejected.map((line) => (
          <li key={`${line.path}/${line.offset}`}>
            <p>{line.reason}</p>
            <p class="meta path">
              <Time at={line.time} /> · {line.path}, byte {format.number(line.offset)}
            </p>
            <pre>{line.raw}</pre>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Flow({ flow }: { flow: AgentFlow }) {
  return (
    <Card
      label={`Flow ${flow.pattern}`}
      title={
        <>
          <span class="path">{flow.pattern}</span> <span class="soft">→ {flow.destination}</span>
        </>
      }
      aside={<Badge {...healthVerdict(flow.health)} />}
    >
      <Warnings flow={flow} />
      <Facts
        facts={[
          ["Behind", format.bytes(flow.behind_bytes)],
          ["Records", format.number(flow.records)],
          ["Sent", format.number(flow.sent)],
          ["Bytes", format.bytes(flow.bytes)],
          ["Skipped", format.number(flow.skipped)],
          ["Refused", format.number(flow.refused), flow.refused > 0 ? "warn" : "idle"],
          ["Rejected", format.number(flow.rejected_total), flow.rejected_total > 0 ? "warn" : "idle"],
        ]}
      />
      <Files flow={flow} />
      <Rejected flow={flow} />
    </Card>
  );
}

export function AgentsView({ app }: { app: AppStatus }) {
  return (
    <>
      <PageHead app={app.name} title="Agents" lead="Which log files are followed, and how far they have been sent" />
      {app.agents.length === 0 && (
        <Card>
          <Empty title="No agent runs here">
            Name an <code>agent: agent.json</code> in <code>tailrace.yaml</code>, or run <code>tailrace agent agent.json</code> on the
            machine that has the logs.
          </Empty>
        </Card>
      )}
      {app.agents.map((flow) => (
        <Flow key={flow.flow} flow={flow} />
      ))}
    </>
  );
}
