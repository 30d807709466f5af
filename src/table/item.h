#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "table/number.h"

namespace tailrace::table {

inline constexpr size_t kItemBytesMax = 400 << 10;
inline constexpr int kNestingMax = 32;

struct Binary {
  std::string bytes;
  bool operator==(const Binary&) const = default;
};

struct Attribute;
using List = std::vector<Attribute>;
using Map = std::map<std::string, Attribute, std::less<>>;

// A typed value: NULL, BOOL, N, S, B, L or M, in the order of the alternatives.
struct Attribute {
  std::variant<std::monostate, bool, Number, std::string, Binary, List, Map> value;

  static Attribute Null() { return {}; }
  static Attribute Boolean(bool value) { return {value}; }
  static Attribute Text(std::string value) { return {std::move(value)}; }
  static Attribute Bytes(std::string value) { return {Binary{std::move(value)}}; }
  static Attribute Of(int64_t value) { return {Number(value)}; }

  bool null() const { return std::holds_alternative<std::monostate>(value); }
  // Null pointer when the attribute is of another type.
  const Number* number() const { return std::get_if<Number>(&value); }
  const std::string* text() const { return std::get_if<std::string>(&value); }
  const Binary* binary() const { return std::get_if<Binary>(&value); }
  const List* list() const { return std::get_if<List>(&value); }
  const Map* map() const { return std::get_if<Map>(&value); }
  // "NULL", "BOOL", "N", "S", "B", "L", "M".
  std::string_view type_name() const;

  bool operator==(const Attribute&) const = default;
};

// A row of a table: attributes by name, the key's among them.
using Item = Map;

void EncodeItem(const Item& item, ByteWriter& writer);
// Errors: kCorruption.
Result<Item> DecodeItem(ByteReader& reader);

// Size as the limit counts it: names and values.
size_t ItemBytes(const Item& item);

// Typed JSON as the DynamoDB API writes it: {"CustomerID":{"N":"17850"},"OrderID":{"S":"536365-85123A"}}.
std::string ToTypedJson(const Item& item);
std::string ToTypedJson(const Attribute& attribute);
// Errors: kInvalidArgument, naming the place.
Result<Item> ItemFromTypedJson(const boost::json::value& value);
Result<Attribute> AttributeFromTypedJson(const boost::json::value& value);
// Plain JSON for people: {"CustomerID":17850,"OrderID":"536365-85123A"}. Numbers are written exactly.
std::string ToPlainJson(const Item& item);

}  // namespace tailrace::table
