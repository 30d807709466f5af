#include "ingest/agent/agent.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::ingest {

Agent::Agent(AgentConfig config, AgentEnvironment environment)
    : config_(std::move(config)), environment_(environment), started_(environment.clock.Now()) {
  progress_at_ = environment_.clock.Monotonic() + config_.status_period;
}

Result<std::unique_ptr<Agent>> Agent::Make(AgentConfig config, AgentOptions options, AgentEnvironment environment,
                                           const FindTarget& find_target, Rng rng) {
  std::unique_ptr<Agent> agent(new Agent(std::move(config), environment));
  const std::string path =
      options.checkpoint_path.empty() ? StrCat(agent->config_.checkpoint_file, ".tailrace") : options.checkpoint_path;
  auto checkpoints = CheckpointLog::Open(environment.disk, path, rng);
  if (!checkpoints.ok()) {
    return std::move(checkpoints)
        .error()
        .Context(StrCat("the agent cannot keep its positions in ", path, " (setting checkpointFile)"));
  }
  agent->checkpoints_ = std::move(*checkpoints);
  if (agent->checkpoints_->cut_bytes() > 0) {
    environment.log.Warning("The end of the checkpoint file was damaged; some lines may be sent again",
                            {{"path", path}, {"bytes", agent->checkpoints_->cut_bytes()}});
  }
  for (const FlowConfig& flow : agent->config_.flows) {
    TAILRACE_ASSIGN_OR_RETURN(RecordTarget* const target, find_target(flow));
    auto made = Flow::Make(flow, *target,
                           {.disk = environment.disk,
                            .clock = environment.clock,
                            .log = environment.log,
                            .checkpoints = *agent->checkpoints_,
                            .metadata = environment.metadata,
                            .user = options.user,
                            .checkpoint_days = agent->config_.checkpoint_days,
                            .polled = options.polled},
                           rng.Fork());
    if (!made.ok()) return std::move(made).error().Context(flow.id);
    agent->flows_.push_back(std::move(*made));
  }
  return agent;
}

std::chrono::nanoseconds Agent::Poll() {
  std::chrono::nanoseconds wake = LogProgress();
  for (const std::unique_ptr<Flow>& flow : flows_) wake = std::min(wake, flow->Poll());
  return wake;
}

void Agent::NotifyChanged() {
  for (const std::unique_ptr<Flow>& flow : flows_) flow->NotifyChanged();
}

void Agent::HurryUp() {
  for (const std::unique_ptr<Flow>& flow : flows_) flow->HurryUp();
}

bool Agent::drained() const {
  return std::all_of(flows_.begin(), flows_.end(), [](const auto& flow) { return flow->drained(); });
}

Status Agent::Checkpoint() { return checkpoints_->Sync(); }

std::vector<Flow*> Agent::flows() {
  std::vector<Flow*> flows;
  for (const std::unique_ptr<Flow>& flow : flows_) flows.push_back(flow.get());
  return flows;
}

AgentStatus Agent::status() const {
  AgentStatus status{.started = started_, .now = environment_.clock.Now()};
  for (const std::unique_ptr<Flow>& flow : flows_) status.flows.push_back(flow->status());
  return status;
}

std::chrono::nanoseconds Agent::LogProgress() {
  const auto now = environment_.clock.Monotonic();
  if (now < progress_at_) return progress_at_;
  progress_at_ = now + config_.status_period;
  uint64_t parsed = 0;
  uint64_t bytes = 0;
  uint64_t sent = 0;
  for (const std::unique_ptr<Flow>& each : flows_) {
    const FlowStatus flow = each->status();
    environment_.log.Info("Tailer Progress", {{"flow", flow.id},
                                              {"records_parsed", flow.parsed.parsed},
                                              {"bytes_parsed", flow.parsed.bytes},
                                              {"records_skipped", flow.parsed.skipped},
                                              {"records_sent", flow.sent.records},
                                              {"records_refused", flow.sent.refused},
                                              {"bytes_behind", flow.behind_bytes}});
    parsed += flow.parsed.parsed;
    bytes += flow.parsed.bytes;
    sent += flow.sent.records;
  }
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(environment_.clock.Now() - started_);
  environment_.log.Info(
      "Progress",
      {{"records_parsed", parsed}, {"bytes_parsed", bytes}, {"records_sent", sent}, {"uptime_s", uptime.count()}});
  return progress_at_;
}

}  // namespace tailrace::ingest
