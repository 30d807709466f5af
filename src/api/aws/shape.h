#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/aws/error.h"
#include "api/aws/value.h"

namespace tailrace::api::aws {

enum class Type : uint8_t { kString, kInteger, kLong, kDouble, kBoolean, kBlob, kTimestamp, kList, kMap, kStructure };

struct Pattern {
  std::string_view text;  // As the error names it.
  bool (*matches)(std::string_view text) = nullptr;
};

// One member of a request, as the service's model has it: parsing, checks and the documentation come from this row.
struct Member {
  std::string_view name;
  Type type = Type::kString;
  bool required = false;
  std::string_view instead;                  // Not required when one of these is given: "StreamARN StreamId".
  std::optional<int64_t> least;              // Length of texts, blobs, lists and maps; else the value.
  std::optional<int64_t> most;               //
  const Pattern* pattern = nullptr;          // Texts.
  std::span<const std::string_view> values;  // Texts: the only ones allowed.
  std::span<const Member> members;           // Structures.
  const Member* element = nullptr;           // Lists: of each element. Maps: of each value.
  const Member* key = nullptr;               // Maps: of each key.
  std::string_view printed;                  // Structures: how the service names one in an error.
};

using Shape = std::span<const Member>;

// Holds the values against their types and converts them in place: blobs to bytes, timestamps to milliseconds, numbers
// to whole ones where the model has whole ones. Members that the shape does not name are ignored.
// Errors  SerializationException, for the first fault.
Answer<void> CheckTypes(Document& document, Shape shape);

// Holds a document that passed CheckTypes against required members, lengths, ranges, patterns and value sets.
// Errors  ValidationException, with up to ten faults.
Answer<void> CheckConstraints(const Document& document, Shape shape);

// "1 validation error detected: Value '5' at 'limit' failed to satisfy constraint: Member must ..."
AwsError ValidationError(std::span<const std::string> faults);
std::string ConstraintFault(std::string_view value, std::string_view path, std::string_view rule);

}  // namespace tailrace::api::aws
