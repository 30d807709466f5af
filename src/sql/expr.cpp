#include "sql/expr.h"

#include <algorithm>
#include <limits>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::sql {
namespace {

using ColumnName = std::function<std::string(int)>;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

std::string QuotedText(std::string_view text) {
  std::string quoted = "'";
  for (const char byte : text) {
    if (byte == '\'') quoted += '\'';
    quoted += byte;
  }
  return quoted + "'";
}

std::string LiteralToString(const data::Value& value, const data::Type& type) {
  if (value.is_null()) return "NULL";
  const std::string text = data::ToSqlText(type, value);
  if (type.is_character()) return QuotedText(text);
  if (type.is_binary()) return StrCat("X'", text, "'");
  if (type.is_interval()) {
    const std::string_view unsigned_text = text.starts_with('+') ? std::string_view(text).substr(1) : text;
    return StrCat("INTERVAL '", unsigned_text, "' ", type.ToString().substr(sizeof("INTERVAL ") - 1));
  }
  if (type.is_datetime()) return StrCat(type.ToString(), " '", text, "'");
  return text;
}

std::string ClockToString(ClockKind kind) {
  switch (kind) {
    case ClockKind::kTimestamp:
      return "CURRENT_TIMESTAMP";
    case ClockKind::kTime:
      return "CURRENT_TIME";
    case ClockKind::kDate:
      return "CURRENT_DATE";
    case ClockKind::kRowTimestamp:
      return "CURRENT_ROW_TIMESTAMP";
  }
  return "";
}

std::string CommaList(const std::vector<BoundExprPtr>& args, const ColumnName& column_name, std::string_view between) {
  std::string text;
  for (const BoundExprPtr& arg : args) {
    if (!text.empty()) text += between;
    text += ToString(*arg, column_name);
  }
  return text;
}

bool IsWord(std::string_view name) {
  return std::ranges::all_of(name, [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; });
}

std::string CallToString(const BoundCall& call, const data::Type& type, const ColumnName& column_name) {
  const std::string_view name = call.name;
  const auto arg = [&](size_t index) { return ToString(*call.args[index], column_name); };
  if (call.unit.has_value() && call.args.size() == 1) {
    const std::string_view unit = data::IntervalFieldName(*call.unit);
    if (name == "EXTRACT") return StrCat("EXTRACT(", unit, " FROM ", arg(0), ")");
    return StrCat(name.substr(0, name.find('_')), "(", arg(0), " TO ", unit, ")");
  }
  if (name == "STEP" && call.args.size() == 2) return StrCat("STEP(", arg(0), " BY ", arg(1), ")");
  if (name == "DIFFERENCE" && call.args.size() == 3) {
    return StrCat("(", arg(0), " - ", arg(1), ") ", type.ToString().substr(sizeof("INTERVAL ") - 1));
  }
  if (name == "NEGATE") return StrCat("-", arg(0));
  if (name == "NOT") return StrCat("NOT ", arg(0));
  if (name.starts_with("IS ") && call.args.size() == 1) return StrCat(arg(0), " ", name);
  const bool infix = !IsWord(name) || name == "LIKE";
  if (infix && call.args.size() == 2) return StrCat("(", arg(0), " ", name, " ", arg(1), ")");
  return StrCat(name, "(", CommaList(call.args, column_name, ", "), ")");
}

std::string CaseToString(const BoundCase& node, const ColumnName& column_name) {
  std::string text = "CASE";
  for (const auto& [condition, result] : node.whens) {
    text += StrCat(" WHEN ", ToString(*condition, column_name), " THEN ", ToString(*result, column_name));
  }
  if (node.otherwise != nullptr) text += StrCat(" ELSE ", ToString(*node.otherwise, column_name));
  return text + " END";
}

// Calls `visit` for the direct parts.
template <typename Visitor>
void VisitChildren(const BoundExpr& expr, const Visitor& visit) {
  const auto visit_list = [&](const std::vector<BoundExprPtr>& list) {
    for (const BoundExprPtr& part : list) visit(*part);
  };
  std::visit(Overloaded{
                 [&](const BoundLiteral&) {},
                 [&](const BoundColumn&) {},
                 [&](const BoundRowtime&) {},
                 [&](const BoundCall& node) { visit_list(node.args); },
                 [&](const BoundCase& node) {
                   for (const auto& [condition, result] : node.whens) {
                     visit(*condition);
                     visit(*result);
                   }
                   if (node.otherwise != nullptr) visit(*node.otherwise);
                 },
                 [&](const BoundAnd& node) { visit_list(node.args); },
                 [&](const BoundOr& node) { visit_list(node.args); },
                 [&](const BoundCast& node) { visit(*node.operand); },
                 [&](const BoundField& node) { visit(*node.row); },
                 [&](const BoundClock&) {},
             },
             expr.node);
}

// Replaces the parts of a list; returns whether anything changed.
bool ReplaceList(std::vector<BoundExprPtr>& list, const std::function<BoundExprPtr(const BoundExpr&)>& replace) {
  bool changed = false;
  for (BoundExprPtr& part : list) {
    BoundExprPtr replaced = ReplaceLeaves(part, replace);
    changed |= replaced != part;
    part = std::move(replaced);
  }
  return changed;
}

bool ReplaceOne(BoundExprPtr& part, const std::function<BoundExprPtr(const BoundExpr&)>& replace) {
  if (part == nullptr) return false;
  BoundExprPtr replaced = ReplaceLeaves(part, replace);
  const bool changed = replaced != part;
  part = std::move(replaced);
  return changed;
}

}  // namespace

std::string ToString(const BoundExpr& expr) {
  return ToString(expr, [](int index) { return StrCat("#", index); });
}

std::string ToString(const BoundExpr& expr, const ColumnName& column_name) {
  return std::visit(
      Overloaded{
          [&](const BoundLiteral& node) { return LiteralToString(node.value, expr.type); },
          [&](const BoundColumn& node) { return column_name(node.index); },
          [&](const BoundRowtime&) { return std::string("ROWTIME"); },
          [&](const BoundCall& node) { return CallToString(node, expr.type, column_name); },
          [&](const BoundCase& node) { return CaseToString(node, column_name); },
          [&](const BoundAnd& node) { return StrCat("(", CommaList(node.args, column_name, " AND "), ")"); },
          [&](const BoundOr& node) { return StrCat("(", CommaList(node.args, column_name, " OR "), ")"); },
          [&](const BoundCast& node) {
            const std::string operand = ToString(*node.operand, column_name);
            return node.implicit ? operand : StrCat("CAST(", operand, " AS ", expr.type.ToString(), ")");
          },
          [&](const BoundField& node) {
            const data::Type& row = node.row->type;
            const std::string field = row.row != nullptr && node.index < static_cast<int>(row.row->fields.size())
                                          ? row.row->fields[static_cast<size_t>(node.index)].name
                                          : StrCat(node.index);
            return StrCat(ToString(*node.row, column_name), ".", field);
          },
          [&](const BoundClock& node) { return ClockToString(node.kind); },
      },
      expr.node);
}

BoundExprPtr MakeExpr(BoundExpr expr) {
  uint64_t weight = 1;
  uint32_t depth = 1;
  VisitChildren(expr, [&](const BoundExpr& child) {
    weight += child.weight;
    depth = std::max(depth, child.depth + 1);
  });
  expr.weight = static_cast<uint32_t>(std::min<uint64_t>(weight, std::numeric_limits<uint32_t>::max()));
  expr.depth = depth;
  return std::make_shared<const BoundExpr>(std::move(expr));
}

void Visit(const BoundExpr& expr, const std::function<void(const BoundExpr&)>& visit) {
  visit(expr);
  VisitChildren(expr, [&](const BoundExpr& child) { Visit(child, visit); });
}

BoundExprPtr ReplaceLeaves(const BoundExprPtr& expr, const std::function<BoundExprPtr(const BoundExpr&)>& replace) {
  BoundExpr copy = *expr;
  const bool changed = std::visit(Overloaded{
                                      [&](BoundLiteral&) { return false; },
                                      [&](BoundColumn&) { return false; },
                                      [&](BoundRowtime&) { return false; },
                                      [&](BoundCall& node) { return ReplaceList(node.args, replace); },
                                      [&](BoundCase& node) {
                                        bool any = ReplaceOne(node.otherwise, replace);
                                        for (auto& [condition, result] : node.whens) {
                                          any |= ReplaceOne(condition, replace);
                                          any |= ReplaceOne(result, replace);
                                        }
                                        return any;
                                      },
                                      [&](BoundAnd& node) { return ReplaceList(node.args, replace); },
                                      [&](BoundOr& node) { return ReplaceList(node.args, replace); },
                                      [&](BoundCast& node) { return ReplaceOne(node.operand, replace); },
                                      [&](BoundField& node) { return ReplaceOne(node.row, replace); },
                                      [&](BoundClock&) { return false; },
                                  },
                                  copy.node);
  if (std::holds_alternative<BoundColumn>(expr->node) || std::holds_alternative<BoundRowtime>(expr->node)) {
    BoundExprPtr replaced = replace(*expr);
    return replaced != nullptr ? replaced : expr;
  }
  return changed ? MakeExpr(std::move(copy)) : expr;
}

}  // namespace tailrace::sql
