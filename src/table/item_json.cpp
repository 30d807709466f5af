#include <boost/json.hpp>

#include "base/hash.h"
#include "base/str.h"
#include "table/item.h"

namespace tailrace::table {
namespace {

namespace json = boost::json;

Error Wrong(std::string_view path, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, StrCat("attribute value", path, ": ", why)};
}

Result<Attribute> Read(const json::value& value, const std::string& path, int depth);

Result<Map> ReadMap(const json::value& value, const std::string& path, int depth) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return Wrong(path, "expected an object");
  Map map;
  for (const auto& [name, member] : *object) {
    TAILRACE_ASSIGN_OR_RETURN(Attribute attribute, Read(member, StrCat(path, ".", std::string_view(name)), depth));
    map.insert_or_assign(std::string(name), std::move(attribute));
  }
  return map;
}

Result<Attribute> ReadTextual(std::string_view kind, const json::value& value, const std::string& path) {
  const json::string* const text = value.if_string();
  if (text == nullptr) return Wrong(path, StrCat(kind, " expects a string"));
  if (kind == "S") return Attribute::Text(std::string(*text));
  if (kind == "N") {
    Result<Number> number = Number::Parse(std::string_view(*text));
    if (!number.ok()) return Wrong(path, number.error().message);
    return Attribute{std::move(number).value()};
  }
  std::string bytes;
  if (!FromBase64(std::string_view(*text), bytes)) return Wrong(path, "B expects base64");
  return Attribute::Bytes(std::move(bytes));
}

Result<Attribute> Read(const json::value& value, const std::string& path, int depth) {
  if (depth > kNestingMax) return Wrong(path, StrCat("nested deeper than ", kNestingMax));
  const json::object* const object = value.if_object();
  if (object == nullptr || object->size() != 1) return Wrong(path, "expected an object with one type");
  const std::string_view kind = object->begin()->key();
  const json::value& inner = object->begin()->value();
  if (kind == "S" || kind == "N" || kind == "B") return ReadTextual(kind, inner, path);
  if (kind == "NULL" || kind == "BOOL") {
    const bool* const flag = inner.if_bool();
    if (flag == nullptr) return Wrong(path, StrCat(kind, " expects true or false"));
    return kind == "NULL" ? Attribute::Null() : Attribute::Boolean(*flag);
  }
  if (kind == "M") {
    TAILRACE_ASSIGN_OR_RETURN(Map map, ReadMap(inner, path, depth + 1));
    return Attribute{std::move(map)};
  }
  if (kind != "L") return Wrong(path, StrCat("unknown type \"", kind, "\""));
  const json::array* const array = inner.if_array();
  if (array == nullptr) return Wrong(path, "L expects a list");
  List list;
  for (size_t i = 0; i < array->size(); ++i) {
    TAILRACE_ASSIGN_OR_RETURN(Attribute element, Read((*array)[i], StrCat(path, "[", i, "]"), depth + 1));
    list.push_back(std::move(element));
  }
  return Attribute{std::move(list)};
}

}  // namespace

Result<Item> ItemFromTypedJson(const json::value& value) { return ReadMap(value, "", 0); }

Result<Attribute> AttributeFromTypedJson(const json::value& value) { return Read(value, "", 0); }

}  // namespace tailrace::table
