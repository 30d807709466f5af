#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/os/file_watch.h"
#include "ingest/agent/agent.h"

namespace tailrace::ingest {

// Drives an agent: each flow on a thread of its own, woken by the system when its files change, so that a slow target
// holds back no other flow. Idle flows cost one wake-up every some seconds.
//
// Threads: Start and Stop from one; the agent's status from any.
class AgentRunner {
 public:
  // `agent` (made with polled off), `clock` and `log` are borrowed.
  AgentRunner(Agent& agent, const Clock& clock, Log& log);
  ~AgentRunner();  // Stops.

  Status Start();
  // Sends what was read, within the configuration's shutdownTimeoutMillis, and stores the positions.
  void Stop();

 private:
  struct Worker;
  void RunFlow(Worker& worker);
  void RunProgress();

  Agent& agent_;
  const Clock& clock_;
  Log& log_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread progress_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace tailrace::ingest
