#include "sink/item_mapping.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::sink {
namespace {

using data::TypeKind;

constexpr size_t kShownBytesMax = 64;

Error Refused(std::string_view attribute, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, StrCat("attribute \"", attribute, "\": ", why)};
}

std::string Shown(std::string_view text) {
  if (text.size() <= kShownBytesMax) return StrCat("\"", text, "\"");
  return StrCat("\"", Utf8Prefix(text, kShownBytesMax), "...\"");
}

std::string_view TrimLeft(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view TrimRight(std::string_view text) { return text.substr(0, text.find_last_not_of(" \t\r\n") + 1); }

AttributeType TypeOf(const data::Type& type) {
  if (type.is_numeric()) return AttributeType::kNumber;
  if (type.kind == TypeKind::kBoolean) return AttributeType::kBoolean;
  return type.is_binary() ? AttributeType::kBinary : AttributeType::kString;
}

Result<table::Attribute> NumberFrom(std::string_view attribute, std::string_view text) {
  Result<table::Number> number = table::Number::Parse(Trim(text));
  if (!number.ok()) {
    return Refused(attribute, Trim(text).empty() ? "empty text is not a number" : number.error().message);
  }
  return table::Attribute{std::move(number).value()};
}

}  // namespace

Result<AttributeType> ParseAttributeType(std::string_view name) {
  if (EqualsIgnoreCase(name, "STRING") || EqualsIgnoreCase(name, "S")) return AttributeType::kString;
  if (EqualsIgnoreCase(name, "NUMBER") || EqualsIgnoreCase(name, "N")) return AttributeType::kNumber;
  if (EqualsIgnoreCase(name, "BOOL") || EqualsIgnoreCase(name, "BOOLEAN")) return AttributeType::kBoolean;
  if (EqualsIgnoreCase(name, "BINARY") || EqualsIgnoreCase(name, "B")) return AttributeType::kBinary;
  return Error{ErrorCode::kInvalidArgument,
               StrCat("unknown attribute type \"", name, "\", known are STRING, NUMBER, BOOL, BINARY")};
}

Result<ItemMapping::Piece> ItemMapping::ParsePlace(const data::Schema& schema, std::string_view place) {
  static constexpr std::array<std::pair<std::string_view, Function>, 5> kFunctions = {{
      {"trim", Function::kTrim},
      {"ltrim", Function::kLeftTrim},
      {"rtrim", Function::kRightTrim},
      {"upper", Function::kUpper},
      {"lower", Function::kLower},
  }};
  Piece piece;
  std::string_view column = Trim(place);
  piece.column = schema.Find(column);
  const size_t open = column.find('(');
  if (piece.column < 0 && open != std::string_view::npos && column.ends_with(')')) {
    const std::string_view name = Trim(column.substr(0, open));
    column = Trim(column.substr(open + 1, column.size() - open - 2));
    const auto known = std::ranges::find_if(kFunctions, [&](const auto& f) { return EqualsIgnoreCase(f.first, name); });
    if (known == kFunctions.end()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("unknown function \"", name, "\", known are trim, ltrim, rtrim, upper, lower")};
    }
    piece.function = known->second;
    piece.column = schema.Find(column);
  }
  if (piece.column >= 0) return piece;
  std::vector<std::string> names;
  for (const data::Field& field : schema.fields) names.push_back(field.name);
  const std::optional<std::string> nearest = NearestName(column, names);
  const std::string hint = nearest.has_value() ? StrCat(", did you mean \"", *nearest, "\"?") : "";
  return Error{ErrorCode::kInvalidArgument, StrCat("no column \"", column, "\"", hint)};
}

Result<ItemMapping> ItemMapping::Make(const data::Schema& schema, const std::vector<AttributeRule>& rules) {
  ItemMapping mapping;
  for (const AttributeRule& rule : rules) {
    Attribute attribute{.name = rule.name, .type = rule.type, .optional = rule.optional};
    std::string_view rest = rule.source;
    attribute.single = rest.find("${") == std::string_view::npos;
    if (attribute.single) {
      Result<Piece> piece = ParsePlace(schema, rest);
      if (!piece.ok()) return Refused(rule.name, piece.error().message);
      attribute.pieces.push_back(std::move(piece).value());
      rest = {};
    }
    while (!rest.empty()) {
      const size_t place = rest.find("${");
      const std::string text(rest.substr(0, place));
      if (place == std::string_view::npos) {
        attribute.pieces.push_back({.text = text});
        break;
      }
      const size_t end = rest.find('}', place);
      if (end == std::string_view::npos) return Refused(rule.name, StrCat("} is missing in ", Shown(rule.source)));
      Result<Piece> piece = ParsePlace(schema, rest.substr(place + 2, end - place - 2));
      if (!piece.ok()) return Refused(rule.name, piece.error().message);
      piece->text = text;
      attribute.pieces.push_back(std::move(piece).value());
      rest.remove_prefix(end + 1);
    }
    if (attribute.type == AttributeType::kFromColumn) {
      const bool column = attribute.single && attribute.pieces[0].function == Function::kNone;
      attribute.type =
          column ? TypeOf(schema.fields[static_cast<size_t>(attribute.pieces[0].column)].type) : AttributeType::kString;
    }
    mapping.attributes_.push_back(std::move(attribute));
  }
  return mapping;
}

ItemMapping ItemMapping::Identity(const data::Schema& schema) {
  ItemMapping mapping;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    mapping.attributes_.push_back({.name = schema.fields[i].name,
                                   .type = TypeOf(schema.fields[i].type),
                                   .optional = true,
                                   .pieces = {{.column = static_cast<int>(i)}},
                                   .single = true});
  }
  return mapping;
}

std::string ItemMapping::PieceText(const Piece& piece, const data::Column& column, size_t row) {
  const data::Type& type = column.type();
  std::string text;
  if (type.kind == TypeKind::kTimestamp) {
    text = data::TimestampToOutputText(column.int64s()[row]);
  } else if (type.physical() == data::Physical::kText) {
    text = column.texts()[row];
  } else {
    text = data::ToSqlText(type, column.ValueAt(row));
  }
  switch (piece.function) {
    case Function::kNone:
      return text;
    case Function::kTrim:
      return std::string(Trim(text));
    case Function::kLeftTrim:
      return std::string(TrimLeft(text));
    case Function::kRightTrim:
      return std::string(TrimRight(text));
    case Function::kUpper:
      return AsciiUpper(text);
    case Function::kLower:
      return AsciiLower(text);
  }
  return text;
}

Result<std::optional<table::Attribute>> ItemMapping::ToAttribute(const Attribute& attribute, const data::Batch& batch,
                                                                 size_t row) const {
  using Found = std::optional<table::Attribute>;
  std::string text;
  for (const Piece& piece : attribute.pieces) {
    text += piece.text;
    if (piece.column < 0) continue;
    const data::Column& column = *batch.columns[static_cast<size_t>(piece.column)];
    if (column.null(row)) {
      if (attribute.optional) return Found();
      return Refused(attribute.name, attribute.single ? "its column is NULL" : "a column of it is NULL");
    }
    if (attribute.single && attribute.type == AttributeType::kBoolean && column.type().kind == TypeKind::kBoolean) {
      return Found(table::Attribute::Boolean(column.bools()[row] != 0));
    }
    if (attribute.single && attribute.type == AttributeType::kNumber && column.type().kind == TypeKind::kTimestamp) {
      return Found(table::Attribute::Of(column.int64s()[row]));
    }
    text += PieceText(piece, column, row);
  }
  switch (attribute.type) {
    case AttributeType::kFromColumn:
      break;
    case AttributeType::kString:
      return Found(table::Attribute::Text(std::move(text)));
    case AttributeType::kBinary:
      return Found(table::Attribute::Bytes(std::move(text)));
    case AttributeType::kNumber: {
      TAILRACE_ASSIGN_OR_RETURN(table::Attribute number, NumberFrom(attribute.name, text));
      return Found(std::move(number));
    }
    case AttributeType::kBoolean:
      if (EqualsIgnoreCase(text, "true")) return Found(table::Attribute::Boolean(true));
      if (EqualsIgnoreCase(text, "false")) return Found(table::Attribute::Boolean(false));
      return Refused(attribute.name, StrCat(Shown(text), " is neither true nor false"));
  }
  return Refused(attribute.name, "has no type");
}

Result<table::Item> ItemMapping::ToItem(const data::Batch& batch, size_t row) const {
  table::Item item;
  for (const Attribute& attribute : attributes_) {
    TAILRACE_ASSIGN_OR_RETURN(std::optional<table::Attribute> value, ToAttribute(attribute, batch, row));
    if (value.has_value()) item.insert_or_assign(attribute.name, *std::move(value));
  }
  return item;
}

}  // namespace tailrace::sink
