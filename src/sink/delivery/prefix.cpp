#include "sink/delivery/prefix.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr size_t kPrefixCharsMax = 1024;
constexpr size_t kResultBytesMax = 512;
constexpr std::string_view kHourPattern = "!{timestamp:yyyy/MM/dd/HH/}";

Error Wrong(std::string_view expression, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, StrCat("prefix expression !{", expression, "}: ", why)};
}

}  // namespace

Result<PrefixExpression> PrefixExpression::Parse(std::string_view text, Use use) {
  if (Utf8Length(text) > kPrefixCharsMax) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("prefix of ", Utf8Length(text), " characters, at most ", kPrefixCharsMax)};
  }
  if (text.contains('\0')) return Error{ErrorCode::kInvalidArgument, "prefix holds a zero byte"};
  PrefixExpression parsed;
  while (!text.empty()) {
    const size_t begin = std::min(text.find("!{"), text.size());
    if (begin > 0) parsed.parts_.push_back({.text = std::string(text.substr(0, begin))});
    text.remove_prefix(begin);
    if (text.empty()) break;
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat("prefix expression '", text, "' has no closing brace")};
    }
    TAILRACE_ASSIGN_OR_RETURN(Part part, parsed.ParseExpression(text.substr(2, end - 2), use));
    parsed.parts_.push_back(std::move(part));
    text.remove_prefix(end + 1);
  }
  return parsed;
}

Result<PrefixExpression::Part> PrefixExpression::ParseExpression(std::string_view expression, Use use) const {
  const size_t colon = expression.find(':');
  const std::string_view space = expression.substr(0, colon);
  const std::string_view value = colon == std::string_view::npos ? "" : expression.substr(colon + 1);
  if (value.empty()) return Wrong(expression, "it is not of the form !{namespace:value}");
  if (space == "timestamp") {
    auto pattern = TimePattern::Parse(value);
    if (!pattern.ok()) return Wrong(expression, pattern.error().message);
    return Part{.kind = Kind::kTimestamp, .pattern = std::move(pattern).value()};
  }
  if (space == "firehose") {
    if (value == "random-string") return Part{.kind = Kind::kRandom};
    if (value == "error-output-type") {
      if (use == Use::kErrors) return Part{.kind = Kind::kErrorType};
      return Wrong(expression, "it belongs into the error prefix alone");
    }
    return Wrong(expression, "firehose knows random-string and error-output-type");
  }
  if (space == "partitionKeyFromQuery" || space == "partitionKeyFromLambda") {
    if (use == Use::kErrors) return Wrong(expression, "partition keys are not allowed in the error prefix");
    if (space == "partitionKeyFromLambda") return Wrong(expression, "partition keys from functions are not offered");
    return Part{.kind = Kind::kPartitionKey, .text = std::string(value)};
  }
  return Wrong(expression, "the namespace is one of timestamp, firehose, partitionKeyFromQuery");
}

bool PrefixExpression::has_expressions() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.kind != Kind::kText; });
}

bool PrefixExpression::has_timestamp() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.kind == Kind::kTimestamp; });
}

bool PrefixExpression::has_error_type() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.kind == Kind::kErrorType; });
}

std::vector<std::string> PrefixExpression::partition_keys() const {
  std::vector<std::string> keys;
  for (const Part& part : parts_) {
    if (part.kind != Kind::kPartitionKey || std::ranges::find(keys, part.text) != keys.end()) continue;
    keys.push_back(part.text);
  }
  return keys;
}

Result<std::string> PrefixExpression::Evaluate(const Values& values) const {
  std::string text;
  for (const Part& part : parts_) {
    switch (part.kind) {
      case Kind::kText:
        text += part.text;
        break;
      case Kind::kTimestamp:
        text += part.pattern->Format(values.time, values.zone);
        break;
      case Kind::kRandom:
        text += values.random();
        break;
      case Kind::kErrorType:
        text += values.error_type;
        break;
      case Kind::kPartitionKey: {
        const PartitionKeys none;
        const PartitionKeys& keys = values.partition == nullptr ? none : *values.partition;
        const auto found = std::ranges::find(keys, part.text, [](const auto& key) { return key.first; });
        if (found == keys.end()) {
          return Error{ErrorCode::kInvalidArgument, StrCat("partition key ", part.text, " has no value")};
        }
        text += found->second;
        break;
      }
    }
  }
  if (text.size() > kResultBytesMax) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("prefix is ", text.size(), " bytes long, at most ", kResultBytesMax)};
  }
  return text;
}

Result<PrefixExpression> DataPrefix(std::string_view prefix) {
  TAILRACE_ASSIGN_OR_RETURN(PrefixExpression parsed, PrefixExpression::Parse(prefix, PrefixExpression::Use::kData));
  if (parsed.has_timestamp()) return parsed;
  return PrefixExpression::Parse(StrCat(prefix, kHourPattern), PrefixExpression::Use::kData);
}

Result<PrefixExpression> ErrorPrefix(std::string_view prefix, std::string_view error_prefix) {
  TAILRACE_ASSIGN_OR_RETURN(const PrefixExpression data, PrefixExpression::Parse(prefix, PrefixExpression::Use::kData));
  if (error_prefix.empty() && data.has_expressions()) {
    return Error{ErrorCode::kInvalidArgument,
                 "a prefix with expressions needs an error prefix beside it, such as "
                 "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/"};
  }
  const std::string_view text = error_prefix.empty() ? prefix : error_prefix;
  TAILRACE_ASSIGN_OR_RETURN(PrefixExpression parsed, PrefixExpression::Parse(text, PrefixExpression::Use::kErrors));
  if (parsed.has_error_type()) return parsed;
  if (parsed.has_expressions()) {
    return Error{ErrorCode::kInvalidArgument,
                 "an error prefix with expressions must hold !{firehose:error-output-type}"};
  }
  return PrefixExpression::Parse(StrCat(text, "!{firehose:error-output-type}/", kHourPattern),
                                 PrefixExpression::Use::kErrors);
}

}  // namespace tailrace::sink::delivery
