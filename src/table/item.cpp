#include "table/item.h"

#include <array>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::table {
namespace {

constexpr std::array<std::string_view, 7> kTypeNames = {"NULL", "BOOL", "N", "S", "B", "L", "M"};

void EncodeAttribute(const Attribute& attribute, ByteWriter& writer) {
  writer.U8(static_cast<uint8_t>(attribute.value.index()));
  struct Visitor {
    ByteWriter& writer;
    void operator()(std::monostate) const {}
    void operator()(bool value) const { writer.Bool(value); }
    void operator()(const Number& value) const { writer.Text(value.ToString()); }
    void operator()(const std::string& value) const { writer.Text(value); }
    void operator()(const Binary& value) const { writer.Text(value.bytes); }
    void operator()(const List& value) const {
      writer.U32(static_cast<uint32_t>(value.size()));
      for (const Attribute& element : value) EncodeAttribute(element, writer);
    }
    void operator()(const Map& value) const { EncodeItem(value, writer); }
  };
  std::visit(Visitor{writer}, attribute.value);
}

Error Corrupt(std::string_view what) { return Error{ErrorCode::kCorruption, StrCat("stored item: ", what)}; }

Result<Item> DecodeMap(ByteReader& reader, int depth);

Result<Attribute> DecodeAttribute(ByteReader& reader, int depth) {
  if (depth > kNestingMax + 1) return Corrupt("nested too deep");
  TAILRACE_ASSIGN_OR_RETURN(const uint8_t kind, reader.U8());
  switch (kind) {
    case 0:
      return Attribute::Null();
    case 1: {
      TAILRACE_ASSIGN_OR_RETURN(const bool value, reader.Bool());
      return Attribute::Boolean(value);
    }
    case 2: {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, reader.Text());
      Result<Number> number = Number::Parse(text);
      if (!number.ok()) return Corrupt(number.error().message);
      return Attribute{std::move(number).value()};
    }
    case 3: {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view text, reader.Text());
      return Attribute::Text(std::string(text));
    }
    case 4: {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view bytes, reader.Text());
      return Attribute::Bytes(std::string(bytes));
    }
    case 5: {
      TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
      if (count > reader.remaining()) return Corrupt("a list is longer than its bytes");
      List list;
      for (uint32_t i = 0; i < count; ++i) {
        TAILRACE_ASSIGN_OR_RETURN(Attribute element, DecodeAttribute(reader, depth + 1));
        list.push_back(std::move(element));
      }
      return Attribute{std::move(list)};
    }
    case 6: {
      TAILRACE_ASSIGN_OR_RETURN(Map map, DecodeMap(reader, depth + 1));
      return Attribute{std::move(map)};
    }
    default:
      return Corrupt(StrCat("unknown type ", kind));
  }
}

Result<Item> DecodeMap(ByteReader& reader, int depth) {
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  if (count > reader.remaining()) return Corrupt("a map is longer than its bytes");
  Item item;
  for (uint32_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view name, reader.Text());
    TAILRACE_ASSIGN_OR_RETURN(Attribute attribute, DecodeAttribute(reader, depth));
    item.insert_or_assign(std::string(name), std::move(attribute));
  }
  return item;
}

size_t AttributeBytes(const Attribute& attribute) {
  struct Visitor {
    size_t operator()(std::monostate) const { return 1; }
    size_t operator()(bool) const { return 1; }
    size_t operator()(const Number& value) const { return value.ToString().size(); }
    size_t operator()(const std::string& value) const { return value.size(); }
    size_t operator()(const Binary& value) const { return value.bytes.size(); }
    size_t operator()(const List& value) const {
      size_t bytes = 3;
      for (const Attribute& element : value) bytes += 1 + AttributeBytes(element);
      return bytes;
    }
    size_t operator()(const Map& value) const { return 3 + ItemBytes(value); }
  };
  return std::visit(Visitor{}, attribute.value);
}

void AppendTyped(std::string& json, const Attribute& attribute);

void AppendTypedMap(std::string& json, const Map& map) {
  json += '{';
  for (const auto& [name, attribute] : map) {
    if (json.back() != '{') json += ',';
    data::AppendJsonString(json, name);
    json += ':';
    AppendTyped(json, attribute);
  }
  json += '}';
}

void AppendTyped(std::string& json, const Attribute& attribute) {
  json += StrCat("{\"", attribute.type_name(), "\":");
  struct Visitor {
    std::string& json;
    void operator()(std::monostate) const { json += "true"; }
    void operator()(bool value) const { json += value ? "true" : "false"; }
    void operator()(const Number& value) const { json += StrCat("\"", value.ToString(), "\""); }
    void operator()(const std::string& value) const { data::AppendJsonString(json, value); }
    void operator()(const Binary& value) const { json += StrCat("\"", ToBase64(value.bytes), "\""); }
    void operator()(const List& value) const {
      json += '[';
      for (const Attribute& element : value) {
        if (&element != value.data()) json += ',';
        AppendTyped(json, element);
      }
      json += ']';
    }
    void operator()(const Map& value) const { AppendTypedMap(json, value); }
  };
  std::visit(Visitor{json}, attribute.value);
  json += '}';
}

void AppendPlain(std::string& json, const Attribute& attribute) {
  struct Visitor {
    std::string& json;
    void operator()(std::monostate) const { json += "null"; }
    void operator()(bool value) const { json += value ? "true" : "false"; }
    void operator()(const Number& value) const { json += value.ToString(); }
    void operator()(const std::string& value) const { data::AppendJsonString(json, value); }
    void operator()(const Binary& value) const { json += StrCat("\"", ToBase64(value.bytes), "\""); }
    void operator()(const List& value) const {
      json += '[';
      for (const Attribute& element : value) {
        if (&element != value.data()) json += ',';
        AppendPlain(json, element);
      }
      json += ']';
    }
    void operator()(const Map& value) const { json += ToPlainJson(value); }
  };
  std::visit(Visitor{json}, attribute.value);
}

}  // namespace

std::string_view Attribute::type_name() const { return kTypeNames[value.index()]; }

void EncodeItem(const Item& item, ByteWriter& writer) {
  writer.U32(static_cast<uint32_t>(item.size()));
  for (const auto& [name, attribute] : item) {
    writer.Text(name);
    EncodeAttribute(attribute, writer);
  }
}

Result<Item> DecodeItem(ByteReader& reader) { return DecodeMap(reader, 0); }

size_t ItemBytes(const Item& item) {
  size_t bytes = 0;
  for (const auto& [name, attribute] : item) bytes += name.size() + AttributeBytes(attribute);
  return bytes;
}

std::string ToTypedJson(const Item& item) {
  std::string json;
  AppendTypedMap(json, item);
  return json;
}

std::string ToTypedJson(const Attribute& attribute) {
  std::string json;
  AppendTyped(json, attribute);
  return json;
}

std::string ToPlainJson(const Item& item) {
  std::string json = "{";
  for (const auto& [name, attribute] : item) {
    if (json.size() > 1) json += ',';
    data::AppendJsonString(json, name);
    json += ':';
    AppendPlain(json, attribute);
  }
  json += '}';
  return json;
}

}  // namespace tailrace::table
