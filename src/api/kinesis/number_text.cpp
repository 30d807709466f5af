#include "api/kinesis/number_text.h"

namespace tailrace::api::kinesis {
namespace {

// From one place to the next: 2^80, as below a record's place are twenty hexadecimal digits.
constexpr std::string_view kStep = "1208925819614629174706176";

}  // namespace

std::string_view NumberText::Of(const SequenceNumber& number) {
  SequenceNumber next = last_;
  ++next.place;
  const bool follows = !text_.empty() && number == next;
  last_ = number;
  if (!follows) {
    text_ = number.ToText();
    return text_;
  }
  int carry = 0;
  for (size_t i = 0; i < text_.size(); ++i) {
    const int step = i < kStep.size() ? kStep[kStep.size() - 1 - i] - '0' : 0;
    if (i >= kStep.size() && carry == 0) return text_;
    char& digit = text_[text_.size() - 1 - i];
    const int sum = digit - '0' + step + carry;
    carry = sum >= 10 ? 1 : 0;
    digit = static_cast<char>('0' + sum - 10 * carry);
  }
  if (carry != 0) text_.insert(0, "1");
  return text_;
}

}  // namespace tailrace::api::kinesis
