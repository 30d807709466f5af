#pragma once

#include <string>
#include <vector>

#include "sql/functions/function.h"

// What docs/sql-functions.md and `tailrace functions` are made of.

namespace tailrace::sql {

struct FunctionDocument {
  std::string name;
  std::string family;  // "aggregate", "table function", "operator", "string" ...
  std::string syntax;
  std::string summary;
  std::vector<FunctionExample> examples;  // May be empty: a log line or a window does not fit into one.
};

// Everything that an expression or TABLE() may call. Order: by family as the page has them, then by name.
std::vector<FunctionDocument> FunctionDocuments();

// Parts of it, each from the list that its binder reads.
std::vector<FunctionDocument> AggregateDocuments();
std::vector<FunctionDocument> TableFunctionDocuments();

}  // namespace tailrace::sql
