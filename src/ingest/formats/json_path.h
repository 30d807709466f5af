#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::ingest {

// A path of the input mapping: member names from the row object down, of which one may be an array.
//   $.a.b          member b of member a
//   $.arr[0:]      the whole array, as its text
//   $.arr[0:].x.y  x.y of every element: one row an element
struct JsonPath {
  static constexpr int kNoArray = -1;

  std::vector<std::string> members;
  // How many of `members` lead to the array `[0:]`; kNoArray when the path has none. 0: the root is the array.
  int array_after = kNoArray;

  bool has_array() const { return array_after != kNoArray; }
  // True when the path goes into the array's elements.
  bool flattens() const { return has_array() && static_cast<size_t>(array_after) < members.size(); }
  // The path up to and including "[0:]".
  std::string ArrayText() const;
};

// Errors: kInvalidArgument, saying where the path breaks the subset.
// Source  Kinesis Data Analytics developer guide, "Working with JSONPath".
Result<JsonPath> ParseJsonPath(std::string_view text);

}  // namespace tailrace::ingest
