#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "engine/error_stream.h"
#include "engine/graph.h"
#include "engine/job.h"
#include "engine/stream_node.h"
#include "sql/plan.h"

namespace tailrace::engine {

// A running pump or query: its operators, its end, its errors and its numbers.
//
// The end checks NOT NULL and hands the rows to the target.
class Pump final : public Receiver, public ErrorReporter {
 public:
  struct Surroundings {
    const std::vector<data::Batch>& tables;
    const std::vector<bool>& stream_follows_time;
    ErrorStream& errors;
    MetricsRegistry& metrics;
    sql::EvalContext eval;
    size_t batch_rows_max;
    LaneOptions lanes;
  };
  struct Target {
    StreamNode* stream = nullptr;  // Null for a query.
    size_t writer = 0;
  };

  // Everything is borrowed. `number`: of the pump among all, for the order of errors.
  // Errors  kUnsupported.
  static Result<std::unique_ptr<Pump>> Make(std::string name, const sql::PlanNode& plan, std::string fingerprint,
                                            size_t number, Target target, const Surroundings& surroundings);

  Status OnBatch(size_t input, const data::Batch& batch) override;
  Status OnBound(size_t input, int64_t bound) override;
  void Report(const data::Schema& schema, const data::Batch& batch, size_t row, std::string_view name,
              std::string_view message) override;
  void CountCuts(std::string_view column, uint64_t cuts) override;

  // No row before `time` will come. Before Start; again by whoever learns of a later time.
  void Begin(int64_t time);
  // Gives the finite inputs their rows, once.
  Status Start();
  bool started() const { return started_; }
  Status ComputeRelations();
  // Repeats the last bound to a target that does not know it.
  Status RepeatBound();

  void Listen(Job::RowListener listener) { listeners_.push_back(std::move(listener)); }
  void CountInput(uint64_t rows);

  const std::string& name() const { return name_; }
  const std::string& fingerprint() const { return fingerprint_; }
  const Graph& graph() const { return graph_; }
  PumpStats Stats() const;
  // No error earlier than this will come.
  int64_t error_bound() const;
  // The earliest bound above `now` that would let something out.
  std::optional<int64_t> DeadlineAfter(int64_t now) const;

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

 private:
  Pump(std::string name, const sql::PlanNode& plan, std::string fingerprint, size_t number, Target target,
       const Surroundings& surroundings);

  data::Batch TakeOutNulls(const data::Batch& batch);

  const std::string name_;
  const std::string fingerprint_;
  const sql::PlanNode& plan_;
  const size_t number_;
  const Target target_;
  const std::vector<data::Batch>& tables_;
  ErrorStream& errors_;
  const OperatorContext context_;
  Graph graph_;
  std::vector<Job::RowListener> listeners_;  // Of a query.
  bool started_ = false;
  int64_t bound_ = kBeginningOfTime;
  PumpStats stats_;
  MetricsRegistry& metrics_;
  Counter& rows_in_;
  Counter& rows_out_;
  Counter& error_count_;
};

}  // namespace tailrace::engine
