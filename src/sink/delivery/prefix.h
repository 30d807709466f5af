#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tailrace::sink::delivery {

// A time as java.time.format.DateTimeFormatter writes it, locale en-US.
//
// State  Immutable.
class TimePattern {
 public:
  // Errors  kInvalidArgument: a letter that is none, a quote that does not end, too many of a letter.
  static Result<TimePattern> Parse(std::string_view pattern);

  // `zone`: a name of the time zone database, "UTC" or "+02:00", that CheckTimeZone takes.
  std::string Format(Timestamp time, const std::string& zone) const;

 private:
  struct Piece {
    char letter = 0;  // 0: literal text.
    int count = 0;
    std::string text;
  };
  std::vector<Piece> pieces_;
};

// Errors  kInvalidArgument: no such zone.
Status CheckTimeZone(const std::string& zone);

using PartitionKeys = std::vector<std::pair<std::string, std::string>>;

// Where objects are put: text with expressions !{namespace:value}.
//
// Source  Amazon Data Firehose Developer Guide, "Custom prefixes for Amazon S3 objects".
class PrefixExpression {
 public:
  enum class Use : uint8_t { kData, kErrors };

  // Errors  kInvalidArgument, saying which expression is wrong and what is allowed.
  static Result<PrefixExpression> Parse(std::string_view text, Use use);

  bool has_expressions() const;
  bool has_timestamp() const;
  bool has_error_type() const;
  std::vector<std::string> partition_keys() const;  // That the text uses, each once.

  struct Values {
    Timestamp time{};  // One instant for all expressions.
    std::string zone = "UTC";
    std::string_view error_type;  // "processing-failed"
    const PartitionKeys* partition = nullptr;
    std::function<std::string()> random;  // Eleven letters and digits, others at each call.
  };
  // Errors  kInvalidArgument: a partition key without a value, or a result of more than 512 bytes.
  Result<std::string> Evaluate(const Values& values) const;

 private:
  enum class Kind : uint8_t { kText, kTimestamp, kRandom, kErrorType, kPartitionKey };
  struct Part {
    Kind kind = Kind::kText;
    std::string text;
    std::optional<TimePattern> pattern;
  };
  Result<Part> ParseExpression(std::string_view expression, Use use) const;
  std::vector<Part> parts_;
};

// The prefix of an archive's objects as the service completes it: without a time in it, the hour is put behind.
Result<PrefixExpression> DataPrefix(std::string_view prefix);
// That of the objects with records that failed.
Result<PrefixExpression> ErrorPrefix(std::string_view prefix, std::string_view error_prefix);

}  // namespace tailrace::sink::delivery
