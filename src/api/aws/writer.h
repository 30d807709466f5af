#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/aws/value.h"
#include "base/clock.h"

namespace tailrace::api::aws {

// Writes one value as JSON or CBOR, whichever the client speaks. Maps and lists are opened and closed in pairs; in a
// map each value comes with its name.
class Writer {
 public:
  explicit Writer(Encoding encoding) : encoding_(encoding) {}

  void BeginMap();
  void EndMap();
  void BeginList();
  void EndList();
  void Text(std::string_view text);
  void Integer(int64_t number);
  void Real(double number);
  void Boolean(bool value);
  // JSON: seconds as a plain decimal; CBOR: tag 1 and whole milliseconds.
  void Time(Timestamp time);
  void Blob(std::string_view bytes);  // JSON: base64.

  void Key(std::string_view name);
  void BeginMap(std::string_view name) { Key(name), BeginMap(); }
  void BeginList(std::string_view name) { Key(name), BeginList(); }
  void Text(std::string_view name, std::string_view text) { Key(name), Text(text); }
  void Integer(std::string_view name, int64_t number) { Key(name), Integer(number); }
  void Real(std::string_view name, double number) { Key(name), Real(number); }
  void Boolean(std::string_view name, bool value) { Key(name), Boolean(value); }
  void Time(std::string_view name, Timestamp time) { Key(name), Time(time); }
  void Blob(std::string_view name, std::string_view bytes) { Key(name), Blob(bytes); }

  // A value of which the caller makes the JSON text: `fill` gets room for `bytes_max` characters and returns their end.
  template <typename Fill>
  void JsonValue(size_t bytes_max, Fill fill) {
    Separate();
    const size_t begin = bytes_.size();
    if (begin + bytes_max > bytes_.capacity()) bytes_.reserve(std::max(begin + bytes_max, 2 * bytes_.capacity()));
    bytes_.resize_and_overwrite(begin + bytes_max, [&](char* bytes, size_t) { return fill(bytes + begin) - bytes; });
  }

  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  Encoding encoding() const { return encoding_; }
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }
  std::string Take() && { return std::move(bytes_); }

 private:
  void Separate();
  void Head(uint8_t major, uint64_t argument);

  const Encoding encoding_;
  std::string bytes_;
};

}  // namespace tailrace::api::aws
