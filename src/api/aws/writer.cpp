#include "api/aws/writer.h"

#include <bit>
#include <cmath>

#include "base/base64.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::api::aws {
namespace {

constexpr uint8_t kUnsigned = 0;
constexpr uint8_t kNegative = 1;
constexpr uint8_t kByteString = 2;
constexpr uint8_t kTextString = 3;
constexpr uint8_t kTag = 6;
constexpr char kIndefiniteList = static_cast<char>(0x9f);
constexpr char kIndefiniteMap = static_cast<char>(0xbf);
constexpr char kBreak = static_cast<char>(0xff);
constexpr char kFalse = static_cast<char>(0xf4);
constexpr char kTrue = static_cast<char>(0xf5);
constexpr char kDouble = static_cast<char>(0xfb);

void AppendBigEndian(std::string& bytes, uint64_t value, size_t count) {
  for (size_t i = count; i > 0; --i) bytes += static_cast<char>(value >> (8 * (i - 1)));
}

}  // namespace

// A comma, unless something was just opened. Texts end with a quote, so the last character tells.
void Writer::Separate() {
  if (encoding_ == Encoding::kCbor || bytes_.empty()) return;
  const char last = bytes_.back();
  if (last != '{' && last != '[' && last != ':') bytes_ += ',';
}

void Writer::Head(uint8_t major, uint64_t argument) {
  const auto first = [&](uint8_t extra) { bytes_ += static_cast<char>(major << 5 | extra); };
  if (argument < 24) return first(static_cast<uint8_t>(argument));
  const size_t size = argument <= 0xff ? 1 : argument <= 0xffff ? 2 : argument <= 0xffffffff ? 4 : 8;
  first(static_cast<uint8_t>(24 + std::countr_zero(size)));
  AppendBigEndian(bytes_, argument, size);
}

void Writer::BeginMap() {
  Separate();
  bytes_ += encoding_ == Encoding::kJson ? '{' : kIndefiniteMap;
}

void Writer::EndMap() { bytes_ += encoding_ == Encoding::kJson ? '}' : kBreak; }

void Writer::BeginList() {
  Separate();
  bytes_ += encoding_ == Encoding::kJson ? '[' : kIndefiniteList;
}

void Writer::EndList() { bytes_ += encoding_ == Encoding::kJson ? ']' : kBreak; }

void Writer::Key(std::string_view name) {
  if (encoding_ == Encoding::kJson) {
    Separate();
    bytes_ += '"';
    bytes_ += name;  // Names of the services' models: nothing to escape.
    bytes_ += "\":";
  } else {
    Head(kTextString, name.size());
    bytes_ += name;
  }
}

void Writer::Text(std::string_view text) {
  if (encoding_ == Encoding::kJson) {
    Separate();
    data::AppendJsonString(bytes_, text);
  } else {
    Head(kTextString, text.size());
    bytes_ += text;
  }
}

void Writer::Integer(int64_t number) {
  if (encoding_ == Encoding::kJson) {
    Separate();
    bytes_ += std::to_string(number);
  } else if (number >= 0) {
    Head(kUnsigned, static_cast<uint64_t>(number));
  } else {
    Head(kNegative, static_cast<uint64_t>(-1 - number));
  }
}

void Writer::Real(double number) {
  if (encoding_ == Encoding::kJson) {
    Separate();
    bytes_ += std::isfinite(number) ? fmt::format("{}", number) : "null";
  } else {
    bytes_ += kDouble;
    AppendBigEndian(bytes_, std::bit_cast<uint64_t>(number), 8);
  }
}

void Writer::Boolean(bool value) {
  if (encoding_ == Encoding::kJson) {
    Separate();
    bytes_ += value ? "true" : "false";
  } else {
    bytes_ += value ? kTrue : kFalse;
  }
}

void Writer::Time(Timestamp time) {
  const int64_t unix_ms = ToUnixMs(time);
  if (encoding_ == Encoding::kCbor) {
    Head(kTag, 1);
    return Integer(unix_ms);
  }
  Separate();
  const uint64_t size = unix_ms < 0 ? static_cast<uint64_t>(-unix_ms) : static_cast<uint64_t>(unix_ms);
  if (unix_ms < 0) bytes_ += '-';
  fmt::format_to(std::back_inserter(bytes_), "{}", size / 1000);
  if (size % 1000 != 0) fmt::format_to(std::back_inserter(bytes_), ".{:03}", size % 1000);
}

void Writer::Blob(std::string_view blob) {
  if (encoding_ == Encoding::kCbor) {
    Head(kByteString, blob.size());
    bytes_ += blob;
    return;
  }
  Separate();
  bytes_ += '"';
  AppendBase64(blob, bytes_);
  bytes_ += '"';
}

}  // namespace tailrace::api::aws
