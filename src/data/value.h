#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "data/type.h"

namespace tailrace::data {

// One value outside a column: literals, operator state, tests. Never on a path that runs per row.
// monostate is NULL; the other alternatives follow Physical: int64_t, double, bool, text or bytes.
struct Value {
  std::variant<std::monostate, int64_t, double, bool, std::string> data;

  Value() = default;
  Value(int64_t v) : data(v) {}                   // NOLINT: implicit by design
  Value(int v) : data(int64_t{v}) {}              // NOLINT
  Value(double v) : data(v) {}                    // NOLINT
  Value(bool v) : data(v) {}                      // NOLINT
  Value(std::string v) : data(std::move(v)) {}    // NOLINT
  Value(const char* v) : data(std::string(v)) {}  // NOLINT

  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  int64_t int64() const { return std::get<int64_t>(data); }
  double float64() const { return std::get<double>(data); }
  bool boolean() const { return std::get<bool>(data); }
  const std::string& text() const { return std::get<std::string>(data); }

  bool operator==(const Value&) const = default;
  auto operator<=>(const Value&) const = default;
};

}  // namespace tailrace::data
