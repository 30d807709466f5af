#pragma once

#include <cstdint>
#include <string_view>

#include "data/type.h"
#include "ingest/formats/coercion.h"

namespace tailrace::ingest {

// Reads numbers and times of a column where they have their usual look: a few digits, "2018-11-01 12:50:00". One object
// a column, because most times have the day of the one before.
//
// Output  What Coerce gives for the same value. False: Coerce must look at it.
// Threads  One owner.
class UsualValue {
 public:
  explicit UsualValue(const data::Type& type);

  // Fills the one that the type's physical form needs.
  bool Read(const RawValue& raw, int64_t& whole, double& approximate) {
    switch (look_) {
      case Look::kNone:
        return false;
      case Look::kWhole:
        return HasText(raw) && ReadWhole(raw.text, whole);
      case Look::kApproximate:
        return HasText(raw) && ReadApproximate(raw.text, approximate);
      case Look::kTimestamp:
        return raw.kind == RawValue::Kind::kString && ReadTimestamp(raw.text, whole);
    }
    return false;
  }

 private:
  enum class Look : uint8_t { kNone, kWhole, kApproximate, kTimestamp };
  static constexpr size_t kDayChars = 11;  // With the blank behind it.

  static bool HasText(const RawValue& raw) {
    return raw.kind == RawValue::Kind::kString || raw.kind == RawValue::Kind::kNumber;
  }
  bool ReadWhole(std::string_view text, int64_t& value) const;
  static bool ReadApproximate(std::string_view text, double& value);
  bool ReadTimestamp(std::string_view text, int64_t& unix_ms);

  Look look_ = Look::kNone;
  int64_t whole_max_ = 0;
  char day_[kDayChars] = {};  // Of the last time ...
  int64_t day_unix_ms_ = 0;   // ... and its beginning.
};

}  // namespace tailrace::ingest
