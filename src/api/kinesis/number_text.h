#pragma once

#include <string>
#include <string_view>

#include "api/kinesis/sequence_number.h"

namespace tailrace::api::kinesis {

// Writes the numbers of records that follow each other: mostly by adding to the text before.
class NumberText {
 public:
  // Valid until the next call.
  std::string_view Of(const SequenceNumber& number);

 private:
  SequenceNumber last_;
  std::string text_;
};

}  // namespace tailrace::api::kinesis
