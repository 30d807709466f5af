#include "ingest/agent/agent_runner.h"

#include <algorithm>
#include <set>

namespace tailrace::ingest {

struct AgentRunner::Worker {
  Flow* flow = nullptr;
  std::unique_ptr<FileWatch> watch;
  std::set<std::string> watched;
  std::thread thread;
};

AgentRunner::AgentRunner(Agent& agent, const Clock& clock, Log& log) : agent_(agent), clock_(clock), log_(log) {}

AgentRunner::~AgentRunner() { Stop(); }

Status AgentRunner::Start() {
  TAILRACE_CHECK(workers_.empty());
  for (Flow* const flow : agent_.flows()) {
    auto worker = std::make_unique<Worker>();
    worker->flow = flow;
    TAILRACE_ASSIGN_OR_RETURN(worker->watch, MakeFileWatch({.poll_interval = flow->config().file_poll_interval}));
    workers_.push_back(std::move(worker));
  }
  for (const std::unique_ptr<Worker>& worker : workers_) {
    worker->thread = std::thread([this, &worker] { RunFlow(*worker); });
  }
  progress_ = std::thread([this] { RunProgress(); });
  return Ok();
}

void AgentRunner::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  for (const std::unique_ptr<Worker>& worker : workers_) worker->watch->Interrupt();
  for (const std::unique_ptr<Worker>& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  if (progress_.joinable()) progress_.join();
  if (workers_.empty()) return;
  workers_.clear();
  const auto stored = agent_.Checkpoint();
  if (!stored.ok()) log_.Error("The positions could not be stored", {{"reason", stored.error().message}});
}

void AgentRunner::RunFlow(Worker& worker) {
  Flow& flow = *worker.flow;
  while (!stopping_) {
    const auto wake = flow.Poll();
    bool watches_more = false;
    for (const std::string& directory : flow.WatchDirectories()) {
      if (!worker.watched.insert(directory).second) continue;
      const auto added = worker.watch->Add(directory);
      watches_more = watches_more || added.ok();
      if (!added.ok()) worker.watched.erase(directory);  // Tried again after the next scan.
    }
    std::erase_if(worker.watched, [&](const std::string& directory) {
      const auto& wanted = flow.WatchDirectories();
      const bool gone = std::find(wanted.begin(), wanted.end(), directory) == wanted.end();
      if (gone) worker.watch->Remove(directory);
      return gone;
    });
    if (watches_more) {
      // What changed between the scan and the watch was seen by neither.
      flow.NotifyChanged();
      continue;
    }
    const auto left = wake - clock_.Monotonic();
    if (left <= std::chrono::nanoseconds(0)) continue;
    const auto changed = worker.watch->Wait(std::chrono::ceil<std::chrono::milliseconds>(left));
    if (!changed.ok()) {
      log_.Warning("Waiting for file changes failed", {{"reason", changed.error().message}});
      std::unique_lock lock(mutex_);
      stop_signal_.wait_for(lock, flow.config().file_poll_interval, [this] { return stopping_.load(); });
    } else if (*changed == WatchWake::kChanged) {
      flow.NotifyChanged();
    }
  }
  flow.HurryUp();
  const auto deadline = clock_.Monotonic() + agent_.config().shutdown_timeout;
  while (clock_.Monotonic() < deadline) {
    const auto wake = flow.Poll();
    if (flow.drained()) return;
    std::unique_lock lock(mutex_);  // A retry is due some time later.
    stop_signal_.wait_for(
        lock, std::clamp<std::chrono::nanoseconds>(wake - clock_.Monotonic(), {}, std::chrono::milliseconds(50)));
  }
}

void AgentRunner::RunProgress() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto wake = agent_.LogProgress();
    stop_signal_.wait_for(lock, wake - clock_.Monotonic(), [this] { return stopping_.load(); });
  }
}

}  // namespace tailrace::ingest
