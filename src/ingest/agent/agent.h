#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ingest/agent/flow.h"

namespace tailrace::ingest {

struct AgentEnvironment {
  Disk& disk;
  const Clock& clock;
  Log& log;
  Ec2MetadataSource* metadata = nullptr;  // Null: ADDEC2METADATA adds nulls.
};

struct AgentOptions {
  // Empty: the configuration's checkpointFile with ".tailrace" behind it (the Java agent's own file is left alone).
  std::string checkpoint_path;
  std::string user;    // Whom the agent runs as; for messages.
  bool polled = true;  // See FlowEnvironment.
};

// Gives the target of a flow; borrowed, it outlives the agent. Errors end Agent::Make.
using FindTarget = std::function<Result<RecordTarget*>(const FlowConfig& flow)>;

// All flows of one agent.json. Passive: call Poll, or drive the flows one by one (AgentRunner gives each its thread).
//
// Threads  Poll: one owner, when no one else drives the flows. Status: any.
class Agent {
 public:
  // Errors: kInvalidArgument, kNotFound: a flow without target or with a bad pattern. The checkpoint file's.
  static Result<std::unique_ptr<Agent>> Make(AgentConfig config, AgentOptions options, AgentEnvironment environment,
                                             const FindTarget& find_target, Rng rng);

  // Does what is due in every flow; returns when to call again at the latest (monotonic time).
  std::chrono::nanoseconds Poll();
  void NotifyChanged();
  // Sends all that was read, waiting for nothing but the targets; call Poll until drained().
  void HurryUp();
  bool drained() const;
  // Makes the positions durable.
  Status Checkpoint();

  AgentStatus status() const;
  // Writes the Progress lines when their period has passed. Returns when the next ones are due.
  std::chrono::nanoseconds LogProgress();

  const AgentConfig& config() const { return config_; }
  std::vector<Flow*> flows();

 private:
  Agent(AgentConfig config, AgentEnvironment environment);

  const AgentConfig config_;  // The flows borrow theirs from it.
  const AgentEnvironment environment_;
  const Timestamp started_;
  std::unique_ptr<CheckpointLog> checkpoints_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::chrono::nanoseconds progress_at_{};
};

}  // namespace tailrace::ingest
