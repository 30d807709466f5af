#include <algorithm>

#include "base/str.h"
#include "sql/bind_expr.h"

// Windows of OVER and of joins: names, frames and what the dialect allows of them. Source: docs/sql-dialect.md, 4.9.

namespace tailrace::sql {
namespace {

using ast::BoundKind;

constexpr std::string_view kFrameExample = "for example (RANGE INTERVAL '1' MINUTE PRECEDING)";

// A constant expression, folded; null when it is none, which has been reported.
BoundExprPtr BindConstant(BindState& state, const ast::Expr& expr, std::string_view what) {
  ExprPlace place{.clause = what};
  BoundExprPtr bound = ExprBinder(state, place).Bind(expr);
  if (bound == nullptr) return nullptr;
  if (!IsLiteral(*bound)) {
    state.Error(expr.range, StrCat(what, " must be a constant"));
    return nullptr;
  }
  return bound;
}

// The offset of a PRECEDING bound over numbers, in the last digit of their scale.
std::optional<int64_t> BindNumericOffset(BindState& state, const ast::FrameBound& bound, const data::Type& order) {
  BoundExprPtr offset = BindConstant(state, *bound.offset, "the size of a window");
  if (offset == nullptr) return std::nullopt;
  if (offset->type.is_exact()) {
    const data::Type type = order.is_integer() ? data::Type::Bigint() : data::Type::Decimal(18, order.scale);
    offset = CastTo(state, std::move(offset), type, true);
    const data::Value* value = LiteralValue(*offset);
    if (value != nullptr && !value->is_null() && value->int64() >= 0) return value->int64();
  }
  state.Error(bound.range, StrCat("RANGE over ", order.ToString(), " takes a number, not negative"),
              "ORDER BY ROWTIME takes an interval");
  return std::nullopt;
}

// The offset of a PRECEDING bound: ms for RANGE, rows for ROWS. `order`: type of what RANGE is over when it is not
// ROWTIME.
std::optional<int64_t> BindOffset(BindState& state, const ast::FrameBound& bound, ast::FrameUnit unit,
                                  const data::Type* order = nullptr) {
  if (order != nullptr && order->is_exact()) return BindNumericOffset(state, bound, *order);
  const BoundExprPtr offset = BindConstant(state, *bound.offset, "the size of a window");
  if (offset == nullptr) return std::nullopt;
  const data::Type& type = offset->type;
  const data::Value& value = *LiteralValue(*offset);
  if (unit == ast::FrameUnit::kRows) {
    if (type.is_integer() && !value.is_null() && value.int64() >= 0) return value.int64();
    state.Error(bound.range, "ROWS takes a whole number of rows, 0 or more",
                type.is_interval() ? "RANGE takes an interval" : "");
    return std::nullopt;
  }
  const bool interval = type.is_interval() && !type.is_year_month();
  if (interval && !value.is_null() && value.int64() >= 0) return value.int64();
  // RANGE 5 PRECEDING stands for 0 rows of time only when it is 0.
  if (type.is_integer() && !value.is_null() && value.int64() == 0) return 0;
  std::string hint = "RANGE INTERVAL '10' SECOND PRECEDING";
  if (type.is_year_month()) hint = "months differ in length; write days";
  if (type.is_integer()) hint = "ROWS takes a number; RANGE takes INTERVAL '10' SECOND";
  state.Error(bound.range, "RANGE takes an interval of days to seconds, not negative", std::move(hint));
  return std::nullopt;
}

bool IsFollowing(BoundKind kind) { return kind == BoundKind::kFollowing || kind == BoundKind::kUnboundedFollowing; }

// The window of a join may look ahead: n FOLLOWING, or from n PRECEDING to m FOLLOWING.
std::optional<FrameLength> BindFollowing(BindState& state, const ast::WindowSpec& spec) {
  if (*spec.unit == ast::FrameUnit::kRows) {
    state.Error(spec.range, "FOLLOWING takes an interval: rows that have not come cannot be counted",
                "RANGE INTERVAL '1' HOUR FOLLOWING");
    return std::nullopt;
  }
  if (spec.end.kind == BoundKind::kUnboundedFollowing) {
    state.Error(spec.end.range, "the window of a join must have an end: UNBOUNDED would keep every row for ever");
    return std::nullopt;
  }
  if (spec.start.kind == BoundKind::kUnboundedPreceding) return FrameLength{.unit = *spec.unit};
  if (IsFollowing(spec.start.kind)) {
    state.Error(spec.start.range, "the window must begin at the current row or before it",
                "write BETWEEN CURRENT ROW AND ... FOLLOWING");
    return std::nullopt;
  }
  FrameLength frame{.unit = *spec.unit, .preceding = 0};
  const std::optional<int64_t> end = BindOffset(state, spec.end, frame.unit);
  if (!end.has_value()) return std::nullopt;
  frame.following = *end;
  if (spec.start.kind == BoundKind::kPreceding) {
    frame.preceding = BindOffset(state, spec.start, frame.unit);
    if (!frame.preceding.has_value()) return std::nullopt;
  }
  return frame;
}

// The far end of the frame; the near end must be the current row.
std::optional<FrameLength> BindBounds(BindState& state, const ast::WindowSpec& spec, const data::Type* order) {
  FrameLength frame{.unit = *spec.unit};
  if (IsFollowing(spec.start.kind) || IsFollowing(spec.end.kind)) {
    state.Error(IsFollowing(spec.start.kind) ? spec.start.range : spec.end.range,
                "FOLLOWING is not allowed: a window ends at the current row",
                "a stream cannot wait for rows that have not come");
    return std::nullopt;
  }
  if (spec.end.kind == BoundKind::kUnboundedPreceding) {
    state.Error(spec.end.range, "the window ends before it begins", "write BETWEEN ... PRECEDING AND CURRENT ROW");
    return std::nullopt;
  }
  if (spec.end.kind == BoundKind::kPreceding) {
    const std::optional<int64_t> end = BindOffset(state, spec.end, frame.unit, order);
    if (!end.has_value()) return std::nullopt;
    if (*end != 0) {
      state.Error(spec.end.range, "the window must contain the current row", "end it with AND CURRENT ROW");
      return std::nullopt;
    }
  }
  switch (spec.start.kind) {
    case BoundKind::kCurrentRow:
      frame.preceding = 0;
      break;
    case BoundKind::kPreceding: {
      const std::optional<int64_t> start = BindOffset(state, spec.start, frame.unit, order);
      if (!start.has_value()) return std::nullopt;
      frame.preceding = start;
      break;
    }
    case BoundKind::kUnboundedPreceding:
    case BoundKind::kFollowing:
    case BoundKind::kUnboundedFollowing:
      break;
  }
  return frame;
}

// RANGE is over ROWTIME anyway, so ORDER BY ROWTIME may stand there.
bool OrdersByRowtime(const ast::WindowSpec& spec) {
  return std::ranges::all_of(spec.order_by, [](const ast::OrderItem& item) {
    const auto* name = std::get_if<ast::Name>(&item.expr->node);
    return name != nullptr && name->parts.back().name == "ROWTIME" && !item.descending;
  });
}

}  // namespace

const ast::WindowSpec* FindWindow(BindState& state, const ast::WindowRef& over,
                                  const std::vector<ast::NamedWindow>& named) {
  if (over.spec != nullptr) return over.spec.get();
  if (!over.name.has_value()) return nullptr;
  std::vector<std::string> names;
  for (const ast::NamedWindow& window : named) {
    if (window.name.name == over.name->name) return &window.spec;
    names.push_back(window.name.name);
  }
  Suggestion suggestion = Suggest(over.name->name, names, over.name->range);
  // The only window there is must be meant, however different its name.
  if (suggestion.hint.empty() && names.size() == 1) {
    suggestion.hint = StrCat("did you mean ", WrittenName(names[0]), "?");
    suggestion.fixes.push_back({.range = over.name->range, .replacement = WrittenName(names[0])});
  }
  if (names.empty()) {
    suggestion.hint = StrCat("add WINDOW ", WrittenName(over.name->name), " AS (...) at the end of this SELECT");
  } else if (suggestion.hint.empty()) {
    suggestion.hint = StrCat("WINDOW declares ", Join(names, ", "));
  }
  state.Error(over.name->range, StrCat("window ", WrittenName(over.name->name), " not defined"),
              std::move(suggestion.hint), std::move(suggestion.fixes));
  return nullptr;
}

bool OrdersByValue(const ast::WindowSpec& spec) {
  return spec.order_by.size() == 1 && !OrdersByRowtime(spec) && !spec.order_by[0].descending &&
         spec.unit == ast::FrameUnit::kRange;
}

std::optional<FrameLength> BindFrame(BindState& state, const ast::WindowSpec& spec, FrameUse use,
                                     const data::Type* order) {
  if (order == nullptr && !OrdersByRowtime(spec)) {
    state.Error(spec.order_by[0].expr->range, "ORDER BY is not allowed in a window: rows are taken as they come",
                "sort in a subquery first");
    return std::nullopt;
  }
  if (!spec.unit.has_value()) {
    state.Error(spec.range, "the window has no RANGE and no ROWS", std::string(kFrameExample));
    return std::nullopt;
  }
  if (use == FrameUse::kJoin && IsFollowing(spec.end.kind)) return BindFollowing(state, spec);
  return BindBounds(state, spec, order);
}

namespace {

// ORDER BY of a RANGE window over something else than ROWTIME; null when it cannot be that, which has been reported.
BoundExprPtr BindWindowOrder(BindState& state, const ast::Expr& expr, const ExprPlace& place) {
  BoundExprPtr order = ExprBinder(state, place).Bind(expr);
  if (order == nullptr) return nullptr;
  if (!order->type.is_exact() && order->type.kind != data::TypeKind::kTimestamp) {
    state.Error(expr.range, StrCat("RANGE cannot be over ", order->type.ToString()),
                "ORDER BY takes ROWTIME, a TIMESTAMP, an integer or a DECIMAL");
    return nullptr;
  }
  if (order->monotonicity != Monotonicity::kAscending) {
    state.Warn(expr.range, "nothing says that this never falls; where it does, older rows stay in the window",
               "MONOTONIC(...) is the promise that it does not");
  }
  return order;
}

}  // namespace

int BindOver(BindState& state, const ast::WindowRef& over, Windowing& windowing, const ExprPlace& place) {
  const ast::WindowSpec* spec = FindWindow(state, over, *windowing.named);
  if (spec == nullptr) return -1;
  const auto known = std::ranges::find(windowing.specs, spec);
  if (known != windowing.specs.end()) {
    // A frame that was found wrong at its first use has no partition list to show; it is not reported again.
    const auto index = static_cast<size_t>(known - windowing.specs.begin());
    return windowing.faulty[index] ? -1 : static_cast<int>(index);
  }
  ExprPlace inside = place;
  inside.clause = "PARTITION BY";
  inside.aggregate = "PARTITION BY";
  ExprBinder binder(state, inside);
  WindowFrame bound;
  bool faulty = false;
  if (OrdersByValue(*spec)) {
    bound.order_by = BindWindowOrder(state, *spec->order_by[0].expr, inside);
    faulty = bound.order_by == nullptr;
  }
  std::optional<FrameLength> frame;
  if (!faulty) {
    frame = BindFrame(state, *spec, FrameUse::kOver, bound.order_by == nullptr ? nullptr : &bound.order_by->type);
  }
  faulty |= !frame.has_value();
  for (const ast::ExprPtr& key : spec->partition_by) {
    BoundExprPtr part = binder.Bind(*key);
    faulty |= part == nullptr;
    bound.partition_by.push_back(std::move(part));
  }
  if (frame.has_value()) {
    bound.unit = frame->unit;
    bound.preceding = frame->preceding;
  }
  windowing.specs.push_back(spec);
  windowing.faulty.push_back(faulty);
  windowing.frames.push_back(std::move(bound));
  return faulty ? -1 : static_cast<int>(windowing.frames.size()) - 1;
}

std::optional<int64_t> BindLength(BindState& state, const ast::Expr& expr, std::string_view what) {
  const BoundExprPtr bound = BindConstant(state, expr, what);
  if (bound == nullptr) return std::nullopt;
  const bool interval = bound->type.is_interval() && !bound->type.is_year_month();
  const data::Value& value = *LiteralValue(*bound);
  if (interval && !value.is_null() && value.int64() > 0) return value.int64();
  state.Error(expr.range, StrCat(what, " must be an interval of days to seconds, longer than 0"),
              "for example INTERVAL '1' MINUTE");
  return std::nullopt;
}

}  // namespace tailrace::sql
