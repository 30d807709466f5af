#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/batch.h"
#include "engine/operator.h"
#include "sql/plan.h"

namespace tailrace::engine {

// Takes what an operator or a stream gives.
class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual Status OnBatch(size_t input, const data::Batch& batch) = 0;
  virtual Status OnBound(size_t input, int64_t bound) = 0;
};

// One of a receiver's inputs. Borrowed.
struct Port {
  Receiver* receiver;
  size_t input;
};

// An operator at its place in the graph: what it emits goes on to the next one.
class Stage final : public Receiver, public Emitter {
 public:
  // `follows_time`: not when a column decides about ROWTIME further up, so that its bounds may lag without end.
  // `number`: of the operator in its plan, for the order of errors. `errors` is borrowed.
  Stage(std::unique_ptr<Operator> op, size_t inputs, Port next, bool follows_time, size_t number,
        ErrorReporter& errors);

  Status OnBatch(size_t input, const data::Batch& batch) override;
  Status OnBound(size_t input, int64_t bound) override;
  Status Emit(const data::Batch& batch) override;
  Status EmitBound(int64_t bound) override;

  const Operator& op() const { return *op_; }
  Operator& op() { return *op_; }
  bool follows_time() const { return follows_time_; }
  int64_t input_bound() const;  // The least of the inputs'.

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

 private:
  const std::unique_ptr<Operator> op_;
  const Port next_;
  const bool follows_time_;
  const size_t number_;
  ErrorReporter& errors_;
  std::vector<int64_t> bounds_;  // One an input.
  int64_t emitted_bound_ = kBeginningOfTime;
};

// The operators that need a finite relation beside their input.
class RelationUser {
 public:
  virtual ~RelationUser() = default;
  virtual void SetRelation(data::Batch rows) = 0;
};

// The operators of one plan, joined up to its end.
struct Graph {
  struct Source {
    int stream;
    Port port;
  };
  struct FiniteSource {
    const sql::PlanNode* node;  // TableScan or ValuesNode.
    Port port;
  };
  struct Relation {
    const sql::PlanNode* plan;
    RelationUser* user;
  };
  std::vector<std::unique_ptr<Stage>> stages;  // Root first.
  std::vector<Source> sources;
  std::vector<FiniteSource> finite_sources;
  std::vector<Relation> relations;
  bool follows_time = true;  // Of the rows that come to the end.
};

// What building needs to know. All borrowed.
struct GraphInput {
  const OperatorContext& context;
  const std::vector<bool>& stream_follows_time;  // By stream.
};

// `end` receives the plan's rows at its input 0.
// Errors  kUnsupported: a call or argument that the engine does not run.
Result<Graph> BuildGraph(const sql::PlanNode& plan, const GraphInput& input, Receiver& end);

// Gives the rows of the graph's tables and VALUES, then their end.
Status RunFiniteSources(const Graph& graph, const std::vector<data::Batch>& tables, const OperatorContext& context);

// The rows of a plan without streams, in one batch.
Result<data::Batch> ComputeRelation(const sql::PlanNode& plan, const std::vector<data::Batch>& tables,
                                    const OperatorContext& context);

// All rows in order. At least one batch, or the columns of `schema` without rows.
data::Batch ConcatAll(std::vector<data::Batch> batches, const data::Schema& schema);

}  // namespace tailrace::engine
