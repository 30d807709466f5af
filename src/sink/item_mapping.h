#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "table/item.h"

namespace tailrace::sink {

enum class AttributeType : uint8_t {
  kFromColumn,  // A column's number is NUMBER, its truth value BOOL, its bytes BINARY; anything else STRING.
  kString,
  kNumber,
  kBoolean,
  kBinary,
};
// "STRING", "NUMBER", "BOOL", "BINARY", or "S", "N", "BOOL", "B". Errors: kInvalidArgument.
Result<AttributeType> ParseAttributeType(std::string_view name);

// How one attribute of an item follows from a row.
struct AttributeRule {
  std::string name;
  // A column ("InvoiceDate"), a function of one ("rtrim(Country)"), or a template whose places are either
  // ("${InvoiceNo}-${StockCode}"). Functions: trim, rtrim, ltrim, upper, lower.
  std::string source;
  AttributeType type = AttributeType::kFromColumn;
  bool optional = false;  // A NULL leaves the attribute out; else the row is refused.
};

// Makes items from rows.
//
// Values   NUMBER from text: the text's number, exactly, blanks around it ignored; from a TIMESTAMP: ms since 1970;
//          from a DOUBLE: its shortest digits. STRING: as outputs write the value.
// Threads  Any.
class ItemMapping {
 public:
  // Errors: kInvalidArgument: a rule that names no column or function, or is no template, with the rule's name.
  static Result<ItemMapping> Make(const data::Schema& schema, const std::vector<AttributeRule>& rules);
  // One attribute a column, of the column's name.
  static ItemMapping Identity(const data::Schema& schema);

  // Errors: kInvalidArgument: why this row makes no item, naming the attribute and the value.
  Result<table::Item> ToItem(const data::Batch& batch, size_t row) const;

 private:
  enum class Function : uint8_t { kNone, kTrim, kLeftTrim, kRightTrim, kUpper, kLower };
  struct Piece {
    std::string text;  // Literal text in front of the place.
    int column = -1;   // -1: no place follows.
    Function function = Function::kNone;
  };
  struct Attribute {
    std::string name;
    AttributeType type;
    bool optional = false;
    std::vector<Piece> pieces;
    bool single = false;  // Just one column or function, without text around it.
  };

  static Result<Piece> ParsePlace(const data::Schema& schema, std::string_view place);
  static std::string PieceText(const Piece& piece, const data::Column& column, size_t row);
  Result<std::optional<table::Attribute>> ToAttribute(const Attribute& attribute, const data::Batch& batch,
                                                      size_t row) const;

  std::vector<Attribute> attributes_;
};

}  // namespace tailrace::sink
