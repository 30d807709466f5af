#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alarm/outbox.h"
#include "app/alarm_evidence.h"
#include "app/application.h"
#include "app/runtime.h"
#include "ingest/agent/agent.h"
#include "ingest/agent/agent_runner.h"
#include "ingest/agent/stream_target.h"
#include "sink/environment.h"
#include "sink/kafka/kafka_delivery.h"

namespace tailrace::app {

// An application at work: its thread, its alarms' database and senders, its agent.
class RunningApplication {
 public:
  // Opens everything; nothing runs yet. `runtime` is borrowed.
  static Result<std::unique_ptr<RunningApplication>> Open(Definition definition, Runtime& runtime, std::string folder,
                                                          Rng rng, const RuntimeOptions& options);
  ~RunningApplication();

  void Start();
  // Stops the agent, lets the application read up and make a checkpoint, ends the senders; within `limit`.
  void Stop(std::chrono::milliseconds limit);
  // The two halves of each, for one application that takes another's place: reading changes hands at once, while what
  // the old one's senders are just sending may take its time.
  void StartReading();
  void StartSending();
  // Stop's beginning, which waits for nothing but the agent: so that many applications end side by side.
  void BeginToStop(std::chrono::milliseconds limit);
  void StopReading(std::chrono::milliseconds limit);
  void StopSending();

  const std::string& name() const { return application_->definition().config.name; }
  Application& application() { return *application_; }
  // The application's status, with "failed" and the error when it has ended.
  ApplicationStatus CurrentStatus() const;

  // Null when the application has no alarms.
  alarm::AlarmStore* alarm_store() { return alarm_store_.get(); }
  alarm::Outbox* outbox() { return outbox_.get(); }
  // Null without one. For simulations, which poll it; else its runner drives it.
  ingest::Agent* agent() { return agent_.get(); }
  void WakeSenders();
  // Computes the row of an event again from the records that are still there. Errors: those of Recompute.
  Result<Recomputed> Explain(const alarm::EventRecord& event, const alarm::Evidence& evidence) const;
  // Gives a dead letter to its output again, on the application's thread. Errors: kNotFound; kInvalidArgument: refused
  // again, with the reason; kUnavailable: the application has ended.
  Status Redrive(const sink::LetterId& letter);
  // Dead letters of this application's outputs.
  size_t DeadLetterCount() const;
  std::vector<std::string> SinkNames() const;
  // Flows of the agent; empty without one.
  std::vector<ingest::FlowStatus> AgentFlows() const;

 private:
  RunningApplication(Runtime& runtime, std::string folder);
  Status OpenAlarms(const ApplicationConfig& config, Rng rng);
  Result<std::vector<Application::Output>> MakeOutputs(const Definition& definition);
  Result<Application::Output> MakeOutput(const Definition& definition, const OutputConfig& config, int stream);
  std::optional<alarm::Evidence> EvidenceOf(int stream, Timestamp time) const;
  Result<std::unique_ptr<data::Sink>> MakeKafkaOutput(const std::string& application, const OutputConfig& config,
                                                      const std::string& sink_name, const data::Schema& schema);
  Status OpenAgent(const ApplicationConfig& config, Rng rng);
  void Run();
  void Wake();

  Runtime& runtime_;
  const std::string folder_;
  sink::Environment sink_environment_;
  std::unique_ptr<alarm::AlarmStore> alarm_store_;
  std::unique_ptr<alarm::Outbox> outbox_;
  std::mutex senders_mutex_;
  std::unique_ptr<alarm::OutboxWorkers> senders_;  // Guarded by senders_mutex_.
  Application::Origins origins_;
  std::map<std::string, sink::RedrivableSink*> redrivable_;  // By name; owned by the application.
  BackgroundTask checkpoint_writer_;                         // Outlives the application, as does the next.
  BackgroundTask reference_reader_;
  std::map<std::string, std::unique_ptr<sink::KafkaDelivery>> kafka_;  // By name of the output.
  std::unique_ptr<Application> application_;
  std::vector<stream::Subscription> subscriptions_;
  std::vector<std::unique_ptr<ingest::StreamTarget>> agent_targets_;
  std::unique_ptr<ingest::Agent> agent_;
  std::unique_ptr<ingest::AgentRunner> agent_runner_;

  std::thread thread_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::chrono::nanoseconds stop_by_{};  // Monotonic.
  bool ended_ = false;
  std::string failure_;
  std::deque<std::packaged_task<Status()>> tasks_;
};

}  // namespace tailrace::app
