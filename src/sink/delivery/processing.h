#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/delivery/definition.h"
#include "sink/delivery/destination.h"

namespace tailrace::sink::delivery {

// A jq program that gives an object of texts.
//
// Threads  One owner.
class PartitionQuery {
 public:
  // Errors  kInvalidArgument: the program does not compile; the message is jq's.
  static Result<std::unique_ptr<PartitionQuery>> Compile(const std::string& program);
  virtual ~PartitionQuery() = default;
  // Errors  kInvalidArgument: not JSON, the program fails, or its result is no object of texts.
  virtual Result<PartitionKeys> Run(std::string_view json) = 0;
};

// What happens to records on the way.
//
// Threads  One owner.
class Processor {
 public:
  static Result<std::unique_ptr<Processor>> Make(const Processing& processing);

  // Puts the items that the span's records become into the delivery; what fails goes to its failures.
  void Run(const Span& span, Delivery& delivery);

 private:
  explicit Processor(const Processing& processing) : processing_(processing) {}
  Status Unpack(std::string& data, std::vector<std::string>& parts) const;
  Status AddItem(const SpanRecord& record, uint32_t part, std::string data, Delivery& delivery);

  const Processing processing_;
  std::unique_ptr<PartitionQuery> query_;
};

// The JSON values that stand one after the other in a text, each as written. An array gives its elements.
// Errors  kInvalidArgument: not JSON.
Result<std::vector<std::string>> SplitJson(std::string_view text);

}  // namespace tailrace::sink::delivery
