#include "sql/bind_scope.h"

#include <algorithm>
#include <functional>

namespace tailrace::sql {
namespace {

using Kind = NameTarget::Kind;

NameTarget RowtimeTarget(int rowtime, size_t parts_used) {
  if (rowtime == kOwnRowtime) return {.kind = Kind::kRowtime, .parts_used = parts_used};
  if (rowtime == kNoRowtime) return {.kind = Kind::kUnknown};
  return {.kind = Kind::kColumn, .index = rowtime, .parts_used = parts_used};
}

NameTarget FindInSource(const Scope& scope, const ScopeSource& source, std::string_view name) {
  if (name == "ROWTIME") return RowtimeTarget(source.rowtime, 1);
  NameTarget target;
  // Declared columns win over metadata columns of the same name, which come last.
  for (const int index : source.columns) {
    const ColumnFacts& column = scope.columns[static_cast<size_t>(index)];
    if (column.name != name) continue;
    if (target.kind != Kind::kUnknown) {
      if (column.hidden) continue;
      return {.kind = Kind::kAmbiguous};
    }
    target = {.kind = column.faulty ? Kind::kFaulty : Kind::kColumn, .index = index};
  }
  if (target.kind == Kind::kUnknown && !source.columns_known) target.kind = Kind::kFaulty;
  return target;
}

NameTarget FindUnqualified(const Scope& scope, std::string_view name) {
  const bool timed = std::ranges::any_of(scope.sources, [](const ScopeSource& s) { return s.rowtime != kNoRowtime; });
  if (name == "ROWTIME" && timed) return {.kind = Kind::kRowtime};
  for (size_t index = 0; index < scope.merged.size(); ++index) {
    if (scope.merged[index].name == name) return {.kind = Kind::kMerged, .index = static_cast<int>(index)};
  }
  NameTarget found;
  bool found_hidden = false;
  bool any_unknown_columns = false;
  for (const ScopeSource& source : scope.sources) {
    const NameTarget target = FindInSource(scope, source, name);
    any_unknown_columns |= !source.columns_known;
    if (target.kind == Kind::kUnknown || (target.kind == Kind::kFaulty && !source.columns_known)) continue;
    if (target.kind == Kind::kAmbiguous) return target;
    const bool hidden = scope.columns[static_cast<size_t>(target.index)].hidden;
    if (found.kind == Kind::kUnknown || (found_hidden && !hidden)) {
      found = target;
      found_hidden = hidden;
    } else if (hidden == found_hidden) {
      return {.kind = Kind::kAmbiguous};
    }
  }
  if (found.kind == Kind::kUnknown && any_unknown_columns) found.kind = Kind::kFaulty;
  return found;
}

bool SameName(const ast::Name& a, const ast::Name& b, const Scope& scope) {
  if (a.parts.empty() || b.parts.empty() || a.parts.back().name != b.parts.back().name) return false;
  const NameTarget left = FindName(scope, a);
  const NameTarget right = FindName(scope, b);
  const bool both_known = left.kind >= Kind::kColumn && right.kind >= Kind::kColumn;
  if (!both_known) {
    return std::ranges::equal(a.parts, b.parts, [](const auto& x, const auto& y) { return x.name == y.name; });
  }
  if (left.kind != right.kind || left.index != right.index) return false;
  const auto same_part = [](const ast::Identifier& x, const ast::Identifier& y) { return x.name == y.name; };
  return std::equal(a.parts.begin() + static_cast<std::ptrdiff_t>(left.parts_used), a.parts.end(),
                    b.parts.begin() + static_cast<std::ptrdiff_t>(right.parts_used), b.parts.end(), same_part);
}

// Compares two nodes of one kind.
class Comparison {
 public:
  explicit Comparison(const Scope& scope) : scope_(scope) {}

  bool Same(const ast::ExprPtr& a, const ast::ExprPtr& b) const {
    if (a == nullptr || b == nullptr) return a == b;
    return Same(*a, *b);
  }
  bool Same(const std::vector<ast::ExprPtr>& a, const std::vector<ast::ExprPtr>& b) const {
    return std::ranges::equal(a, b, [&](const ast::ExprPtr& x, const ast::ExprPtr& y) { return Same(x, y); });
  }
  bool Same(const ast::Expr& a, const ast::Expr& b) const {
    if (&a == &b) return true;
    if (a.node.index() != b.node.index()) return false;
    return std::visit(
        [&](const auto& node) { return SameNode(node, std::get<std::remove_cvref_t<decltype(node)>>(b.node)); },
        a.node);
  }

 private:
  bool SameNode(const ast::Literal& a, const ast::Literal& b) const { return a.type == b.type && a.value == b.value; }
  bool SameNode(const ast::Name& a, const ast::Name& b) const { return SameName(a, b, scope_); }
  bool SameNode(const ast::Star&, const ast::Star&) const { return false; }
  bool SameNode(const ast::Unary& a, const ast::Unary& b) const { return a.op == b.op && Same(a.operand, b.operand); }
  bool SameNode(const ast::Binary& a, const ast::Binary& b) const {
    return a.op == b.op && Same(a.left, b.left) && Same(a.right, b.right);
  }
  bool SameNode(const ast::Is& a, const ast::Is& b) const {
    return a.what == b.what && a.negated == b.negated && Same(a.operand, b.operand);
  }
  bool SameNode(const ast::IsDistinct& a, const ast::IsDistinct& b) const {
    return a.negated == b.negated && Same(a.left, b.left) && Same(a.right, b.right);
  }
  bool SameNode(const ast::Between& a, const ast::Between& b) const {
    return a.negated == b.negated && a.symmetric == b.symmetric && Same(a.operand, b.operand) && Same(a.low, b.low) &&
           Same(a.high, b.high);
  }
  bool SameNode(const ast::InList& a, const ast::InList& b) const {
    return a.negated == b.negated && Same(a.operand, b.operand) && Same(a.list, b.list);
  }
  bool SameNode(const ast::InQuery&, const ast::InQuery&) const { return false; }
  bool SameNode(const ast::ExistsQuery&, const ast::ExistsQuery&) const { return false; }
  bool SameNode(const ast::Like& a, const ast::Like& b) const {
    return a.negated == b.negated && a.similar == b.similar && Same(a.operand, b.operand) &&
           Same(a.pattern, b.pattern) && Same(a.escape, b.escape);
  }
  bool SameNode(const ast::Case& a, const ast::Case& b) const {
    return Same(a.operand, b.operand) && Same(a.otherwise, b.otherwise) &&
           std::ranges::equal(a.whens, b.whens, [&](const ast::When& x, const ast::When& y) {
             return Same(x.condition, y.condition) && Same(x.result, y.result);
           });
  }
  bool SameNode(const ast::Cast& a, const ast::Cast& b) const {
    return a.type.type == b.type.type && Same(a.operand, b.operand);
  }
  bool SameNode(const ast::Difference& a, const ast::Difference& b) const {
    return a.qualifier == b.qualifier && Same(a.left, b.left) && Same(a.right, b.right);
  }
  bool SameNode(const ast::Call& a, const ast::Call& b) const {
    return a.name.name == b.name.name && a.star == b.star && a.distinct == b.distinct && a.from_last == b.from_last &&
           a.nulls == b.nulls && a.unit == b.unit && a.trim == b.trim && a.over == nullptr && b.over == nullptr &&
           Same(a.args, b.args);
  }
  bool SameNode(const ast::Cursor&, const ast::Cursor&) const { return false; }
  bool SameNode(const ast::RowValue& a, const ast::RowValue& b) const { return Same(a.items, b.items); }
  bool SameNode(const ast::PeriodPredicate& a, const ast::PeriodPredicate& b) const {
    return a.op == b.op && a.strictness == b.strictness && Same(a.left, b.left) && Same(a.right, b.right);
  }

  const Scope& scope_;
};

// The direct parts of a node, queries left out.
class Parts {
 public:
  explicit Parts(const std::function<void(const ast::Expr&)>& visit) : visit_(visit) {}

  void operator()(const ast::Literal&) const {}
  void operator()(const ast::Name&) const {}
  void operator()(const ast::Star&) const {}
  void operator()(const ast::Unary& node) const { One(node.operand); }
  void operator()(const ast::Binary& node) const { One(node.left), One(node.right); }
  void operator()(const ast::Is& node) const { One(node.operand); }
  void operator()(const ast::IsDistinct& node) const { One(node.left), One(node.right); }
  void operator()(const ast::Between& node) const { One(node.operand), One(node.low), One(node.high); }
  void operator()(const ast::InList& node) const { One(node.operand), All(node.list); }
  void operator()(const ast::InQuery& node) const { One(node.operand); }
  void operator()(const ast::ExistsQuery&) const {}
  void operator()(const ast::Like& node) const { One(node.operand), One(node.pattern), One(node.escape); }
  void operator()(const ast::Case& node) const {
    One(node.operand);
    for (const ast::When& when : node.whens) One(when.condition), One(when.result);
    One(node.otherwise);
  }
  void operator()(const ast::Cast& node) const { One(node.operand); }
  void operator()(const ast::Difference& node) const { One(node.left), One(node.right); }
  void operator()(const ast::Call& node) const { All(node.args); }
  void operator()(const ast::Cursor&) const {}
  void operator()(const ast::RowValue& node) const { All(node.items); }
  void operator()(const ast::PeriodPredicate& node) const { One(node.left), One(node.right); }

 private:
  void One(const ast::ExprPtr& part) const {
    if (part != nullptr) VisitParts(*part, visit_);
  }
  void All(const std::vector<ast::ExprPtr>& parts) const {
    for (const ast::ExprPtr& part : parts) One(part);
  }

  const std::function<void(const ast::Expr&)>& visit_;
};

}  // namespace

NameTarget FindName(const Scope& scope, const ast::Name& name) {
  if (name.parts.empty()) return {};
  if (name.parts.size() == 1) return FindUnqualified(scope, name.parts[0].name);
  if (const ScopeSource* source = FindSource(scope, name.parts[0].name)) {
    NameTarget target = FindInSource(scope, *source, name.parts[1].name);
    target.parts_used = 2;
    return target;
  }
  // No such item: perhaps a row-typed column and one of its fields.
  const NameTarget target = FindUnqualified(scope, name.parts[0].name);
  const bool row_column = target.kind == Kind::kColumn &&
                          scope.columns[static_cast<size_t>(target.index)].type.kind == data::TypeKind::kRow;
  if (row_column || target.kind == Kind::kFaulty) return target;
  return {};
}

const ScopeSource* FindSource(const Scope& scope, std::string_view alias) {
  const auto found = std::ranges::find_if(
      scope.sources, [&](const ScopeSource& source) { return !source.alias.empty() && source.alias == alias; });
  return found == scope.sources.end() ? nullptr : &*found;
}

std::vector<std::string> ColumnNames(const Scope& scope, const ScopeSource* source) {
  std::vector<std::string> names;
  for (const ScopeSource& each : scope.sources) {
    if (source != nullptr && source != &each) continue;
    for (const int index : each.columns) names.push_back(scope.columns[static_cast<size_t>(index)].name);
    if (each.rowtime != kNoRowtime) names.emplace_back("ROWTIME");
  }
  return names;
}

Scope ScopeOf(const Relation& relation, std::string alias) {
  Scope scope;
  scope.columns = relation.columns;
  ScopeSource source{.alias = std::move(alias),
                     .rowtime = relation.timed ? kOwnRowtime : kNoRowtime,
                     .columns_known = relation.columns_known};
  for (size_t index = 0; index < relation.columns.size(); ++index) source.columns.push_back(static_cast<int>(index));
  scope.sources.push_back(std::move(source));
  return scope;
}

bool SameMeaning(const ast::Expr& a, const ast::Expr& b, const Scope& scope) { return Comparison(scope).Same(a, b); }

void VisitParts(const ast::Expr& expr, const std::function<void(const ast::Expr&)>& visit) {
  visit(expr);
  std::visit(Parts(visit), expr.node);
}

}  // namespace tailrace::sql
