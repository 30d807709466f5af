#include "table/number.h"

#include <algorithm>

#include "base/str.h"

namespace tailrace::table {
namespace {

constexpr size_t kPlainCharsMax = 50;
constexpr int32_t kParsedExponentMax = 10'000;
constexpr int32_t kExponentBias = 1'000;  // Makes every exponent positive in the ordered form.

Error NotANumber(std::string_view text) {
  return Error{ErrorCode::kInvalidArgument, StrCat("not a number: \"", Utf8Prefix(text, 60), "\"")};
}

size_t CountDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// Digits of equal length; the larger first.
std::string AddDigits(const std::string& a, const std::string& b) {
  std::string sum(a.size(), '0');
  int carry = 0;
  for (size_t i = a.size(); i-- > 0;) {
    const int digit = (a[i] - '0') + (b[i] - '0') + carry;
    sum[i] = static_cast<char>('0' + digit % 10);
    carry = digit / 10;
  }
  return carry != 0 ? "1" + sum : sum;
}

std::string SubtractDigits(const std::string& larger, const std::string& smaller) {
  std::string difference(larger.size(), '0');
  int borrow = 0;
  for (size_t i = larger.size(); i-- > 0;) {
    int digit = (larger[i] - '0') - (smaller[i] - '0') - borrow;
    borrow = digit < 0 ? 1 : 0;
    if (digit < 0) digit += 10;
    difference[i] = static_cast<char>('0' + digit);
  }
  return difference;
}

}  // namespace

Number::Number(int64_t value) {
  const std::string text = StrCat(value);
  negative_ = value < 0;
  digits_ = negative_ ? text.substr(1) : text;
  exponent_ = static_cast<int32_t>(digits_.size());
  while (!digits_.empty() && digits_.back() == '0') digits_.pop_back();
  if (digits_.empty()) exponent_ = 0;
}

Result<Number> Number::Normalise(bool negative, std::string digits, int32_t exponent, std::string_view text) {
  const size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, leading);
  exponent -= static_cast<int32_t>(leading);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  Number number;
  if (digits.empty()) return number;
  if (digits.size() > kDigitsMax) {
    return Error{ErrorCode::kInvalidArgument, StrCat("number \"", Utf8Prefix(text, 60), "\": ", digits.size(),
                                                     " significant digits, at most ", kDigitsMax)};
  }
  if (exponent - 1 < kExponentMin || exponent - 1 > kExponentMax) {
    return Error{ErrorCode::kInvalidArgument, StrCat("number \"", Utf8Prefix(text, 60), "\" is outside 1E",
                                                     kExponentMin, " to 9.9E+", kExponentMax)};
  }
  number.negative_ = negative;
  number.digits_ = std::move(digits);
  number.exponent_ = exponent;
  return number;
}

Result<Number> Number::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const std::string_view whole = rest.substr(0, CountDigits(rest));
  rest.remove_prefix(whole.size());
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction = rest.substr(0, CountDigits(rest));
    rest.remove_prefix(fraction.size());
  }
  if (whole.empty() && fraction.empty()) return NotANumber(text);
  int64_t exponent = 0;
  if (!rest.empty()) {
    if (rest[0] != 'e' && rest[0] != 'E') return NotANumber(text);
    rest.remove_prefix(1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    const std::optional<int64_t> parsed = ParseInt64(rest);
    if (!parsed.has_value() || *parsed > kParsedExponentMax || *parsed < -kParsedExponentMax) return NotANumber(text);
    exponent = *parsed;
  }
  if (whole.size() + fraction.size() > kParsedExponentMax) return NotANumber(text);
  exponent += static_cast<int64_t>(whole.size());
  return Normalise(negative, StrCat(whole, fraction), static_cast<int32_t>(exponent), text);
}

std::string Number::ToString() const {
  if (zero()) return "0";
  const std::string sign = negative_ ? "-" : "";
  const auto count = static_cast<int32_t>(digits_.size());
  if (exponent_ <= 0 && static_cast<size_t>(count - exponent_) < kPlainCharsMax) {
    return StrCat(sign, "0.", std::string(static_cast<size_t>(-exponent_), '0'), digits_);
  }
  if (exponent_ >= count && static_cast<size_t>(exponent_) <= kPlainCharsMax) {
    return StrCat(sign, digits_, std::string(static_cast<size_t>(exponent_ - count), '0'));
  }
  if (exponent_ > 0 && exponent_ < count) {
    const auto whole = static_cast<size_t>(exponent_);
    return StrCat(sign, digits_.substr(0, whole), ".", digits_.substr(whole));
  }
  const int32_t scientific = exponent_ - 1;
  return StrCat(sign, digits_.substr(0, 1), count > 1 ? "." : "", digits_.substr(1), "E", scientific < 0 ? "" : "+",
                scientific);
}

Number Number::Negated() const {
  Number negated = *this;
  if (!zero()) negated.negative_ = !negative_;
  return negated;
}

Result<Number> Number::Add(const Number& a, const Number& b) {
  if (a.zero()) return b;
  if (b.zero()) return a;
  // Both as digit strings of the same length with the same exponent.
  const int32_t exponent = std::max(a.exponent_, b.exponent_);
  const auto lowest = [](const Number& n) { return n.exponent_ - static_cast<int32_t>(n.digits_.size()); };
  const int32_t last = std::min(lowest(a), lowest(b));
  const auto width = static_cast<size_t>(exponent - last);
  const auto aligned = [&](const Number& n) {
    std::string digits(static_cast<size_t>(exponent - n.exponent_), '0');
    digits += n.digits_;
    digits.resize(width, '0');
    return digits;
  };
  const std::string left = aligned(a);
  const std::string right = aligned(b);
  const std::string text = StrCat(a.ToString(), " + ", b.ToString());
  if (a.negative_ == b.negative_) {
    std::string sum = AddDigits(left, right);
    const auto carried = static_cast<int32_t>(sum.size() - width);
    return Normalise(a.negative_, std::move(sum), exponent + carried, text);
  }
  const bool left_larger = left >= right;
  std::string difference = left_larger ? SubtractDigits(left, right) : SubtractDigits(right, left);
  return Normalise(left_larger ? a.negative_ : b.negative_, std::move(difference), exponent, text);
}

bool Number::ToInt64(int64_t& value) const {
  if (zero()) {
    value = 0;
    return true;
  }
  if (exponent_ < static_cast<int32_t>(digits_.size()) || exponent_ > 19) return false;
  const std::optional<int64_t> parsed = ParseInt64(ToString());
  if (!parsed.has_value()) return false;
  value = *parsed;
  return true;
}

// Sign, exponent, then two digits a byte as 1 to 100, ended by 0; for negative numbers all but the sign is inverted.
void Number::AppendOrdered(std::string& bytes) const {
  if (zero()) {
    bytes.push_back('\x01');
    return;
  }
  bytes.push_back(negative_ ? '\x00' : '\x02');
  const size_t begin = bytes.size();
  const auto biased = static_cast<uint32_t>(exponent_ + kExponentBias);
  bytes.push_back(static_cast<char>(biased >> 8));
  bytes.push_back(static_cast<char>(biased & 0xff));
  for (size_t i = 0; i < digits_.size(); i += 2) {
    const int high = digits_[i] - '0';
    const int low = i + 1 < digits_.size() ? digits_[i + 1] - '0' : 0;
    bytes.push_back(static_cast<char>(high * 10 + low + 1));
  }
  bytes.push_back('\x00');
  if (!negative_) return;
  for (size_t i = begin; i < bytes.size(); ++i) bytes[i] = static_cast<char>(~bytes[i]);
}

std::strong_ordering Number::operator<=>(const Number& other) const {
  std::string a;
  std::string b;
  AppendOrdered(a);
  other.AppendOrdered(b);
  return a.compare(b) <=> 0;
}

}  // namespace tailrace::table
