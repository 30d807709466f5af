#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sql/bind.h"

namespace tailrace::sql {

inline constexpr int kOwnRowtime = -1;  // ROWTIME of the operator's input row.
inline constexpr int kNoRowtime = -2;   // Tables have none.

// The names that one FROM item brings.
struct ScopeSource {
  std::string alias;          // Empty: cannot be named.
  std::vector<int> columns;   // Indices into Scope::columns, in declared order.
  int rowtime = kOwnRowtime;  // Or the index of the column that holds the item's ROWTIME.
  bool columns_known = true;
};

// A column of USING or NATURAL: one name for the columns of both sides.
struct MergedColumn {
  std::string name;
  std::vector<int> columns;  // The first that is not NULL counts.
};

// All names that an expression over one operator's input may use.
struct Scope {
  std::vector<ColumnFacts> columns;  // By index in the input.
  std::vector<ScopeSource> sources;
  std::vector<MergedColumn> merged;
};

// Where a name leads. Reports nothing.
struct NameTarget {
  enum class Kind : uint8_t { kUnknown, kAmbiguous, kFaulty, kColumn, kMerged, kRowtime };
  Kind kind = Kind::kUnknown;
  int index = 0;          // kColumn: index in the input; kMerged: index in Scope::merged.
  size_t parts_used = 1;  // What follows navigates into a row-typed column.
  bool operator==(const NameTarget&) const = default;
};
NameTarget FindName(const Scope& scope, const ast::Name& name);

// The one item that a qualifier names, or null.
const ScopeSource* FindSource(const Scope& scope, std::string_view alias);

// Names for suggestions: columns of one item, or of all when it is null.
std::vector<std::string> ColumnNames(const Scope& scope, const ScopeSource* source);

// A scope with one item.
Scope ScopeOf(const Relation& relation, std::string alias);

// Whether two expressions as written mean the same: equal after folding, names compared by what they lead to.
bool SameMeaning(const ast::Expr& a, const ast::Expr& b, const Scope& scope);

// Calls `visit` for the expression and all its parts, queries inside left out.
void VisitParts(const ast::Expr& expr, const std::function<void(const ast::Expr&)>& visit);

}  // namespace tailrace::sql
