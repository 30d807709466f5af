#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alarm/alarm.h"
#include "alarm/alarm_config.h"
#include "alarm/alarm_store.h"
#include "alarm/text_template.h"
#include "base/clock.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/ports.h"

namespace tailrace::alarm {

// Binds an in-application stream to an alarm. What a batch changes (state, events, messages to send, last ordinal) is
// stored in one transaction before Write returns; sending is the outbox's work.
//
// Time     ROWTIME decides; the clock only says when a message was put into the outbox.
// Errors   Of Write and AdvanceTo: those of AlarmStore; nothing was stored, the same call may be made again.
// Threads  One owner.
class AlarmSink final : public data::Sink {
 public:
  // What rows at a moment rest on; nothing when it cannot be told. Called before their events are stored.
  using EvidenceOf = std::function<std::optional<Evidence>(Timestamp time)>;

  // `schema` is the stream's. `targets` is every target of the application. `outgoing` is called after each transaction
  // that put something into the outbox. All references are borrowed.
  // Errors  kInvalidArgument: a column, variable or target that does not exist, or a target of the wrong kind; the
  //         message says which.
  static Result<std::unique_ptr<AlarmSink>> Open(AlarmConfig config, data::SchemaPtr schema,
                                                 const std::vector<TargetConfig>& targets, AlarmLedger& store,
                                                 const Clock& clock, std::function<void()> outgoing,
                                                 EvidenceOf evidence_of = {});
  // The same checks, without opening anything.
  static Status Check(const AlarmConfig& config, const data::Schema& schema, const std::vector<TargetConfig>& targets);

  Status Write(const data::Batch& batch, data::Ordinal first_ordinal) override;
  data::Ordinal last_ordinal() const override { return last_ordinal_; }
  // No row before `time` will come any more: alarms that have been quiet long enough are over. Cheap when none is.
  Status AdvanceTo(Timestamp time);
  // Whether AdvanceTo would tell something.
  bool HasNewsAt(Timestamp time) const;

 private:
  struct Bound;
  AlarmSink(AlarmConfig config, data::SchemaPtr schema, std::unique_ptr<const Bound> bound, AlarmLedger& store,
            const Clock& clock, std::function<void()> outgoing, EvidenceOf evidence_of);

  static Result<Bound> Bind(const AlarmConfig& config, const data::Schema& schema,
                            const std::vector<TargetConfig>& targets);
  Status Reload();
  void Tell(const AlarmEvent& event, const data::Batch* batch, size_t row, AlarmCommit& commit) const;
  std::string Variable(const std::string& name, const AlarmEvent& event, const data::Batch* batch, size_t row) const;
  void AddEvidence(const data::Batch* batch, size_t row, size_t first_event, AlarmCommit& commit);
  Status Store(AlarmCommit commit);

  const AlarmConfig config_;
  const data::SchemaPtr schema_;
  const std::unique_ptr<const Bound> bound_;
  AlarmLedger& store_;
  const Clock& clock_;
  const std::function<void()> outgoing_;
  const EvidenceOf evidence_of_;
  std::optional<Alarm> alarm_;  // Nothing: must be loaded, since a transaction failed.
  data::Ordinal last_ordinal_ = 0;

 public:
  ~AlarmSink() override;
};

// "2018-11-01 01:00:00", as messages write times (UTC).
std::string MessageTime(Timestamp time);
// "150", "0.5": the shortest text that reads back as the number.
std::string NumberText(double number);
// A row's columns as one JSON object.
std::string RowJson(const data::Schema& schema, const data::Batch& batch, size_t row);

}  // namespace tailrace::alarm
