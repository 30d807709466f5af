#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/type.h"
#include "sql/ast.h"

namespace tailrace::app {

struct SqlSourceColumn {
  std::string name;
  std::optional<data::Type> type;  // As its use suggests; nothing when no use says anything.
};

// A stream or table that a program reads and does not create.
struct SqlSource {
  std::string name;
  std::vector<SqlSourceColumn> columns;  // In the order of first use.
};

struct SqlSources {
  std::vector<SqlSource> sources;           // In the order of first use.
  std::vector<std::string> unread_streams;  // Created, written by a pump, read by none; in the order of creation.
};

// Finds them by walking the program; names are resolved as far as FROM clauses alone allow.
SqlSources FindSources(const sql::ast::Program& program);

}  // namespace tailrace::app
