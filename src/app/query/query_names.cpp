#include "app/query/query_names.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/str.h"
#include "ingest/formats/log_line.h"
#include "sql/keywords.h"
#include "sql/lexer.h"

namespace tailrace::app {
namespace {

bool IsName(const sql::Token& token) {
  return token.kind == sql::TokenKind::kQuotedName ||
         (token.kind == sql::TokenKind::kWord && !sql::IsStructural(token.text));
}

bool IsLogFormat(const ingest::InputSchema& schema) { return schema.format == "common" || schema.format == "combined"; }

// Of the last part of "$.a.client_ip": what the file calls the column.
std::string OriginalName(const ingest::InputColumn& column) {
  const size_t dot = column.mapping.rfind('.');
  const std::string last = dot == std::string::npos ? column.mapping : column.mapping.substr(dot + 1);
  return AsciiUpper(last) == AsciiUpper(column.name) ? last : column.name;
}

data::Type Widest(const data::Type& type) {
  if (type.is_character()) return data::Type::Varchar();
  if (type.is_integer()) return data::Type::Bigint();
  if (type.is_approximate()) return data::Type::Double();
  return type;
}

}  // namespace

std::vector<std::string> NamesAfterFrom(std::string_view sql) {
  const auto tokens = sql::Lex(sql).tokens;
  std::set<std::string> made;
  std::vector<std::string> names;
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (!IsName(tokens[i])) continue;
    if (tokens[i - 1].IsWord("STREAM")) made.insert(tokens[i].text);
    if (!tokens[i - 1].IsWord("FROM") && !tokens[i - 1].IsWord("JOIN")) continue;
    if (std::ranges::find(names, tokens[i].text) == names.end()) names.push_back(tokens[i].text);
  }
  std::erase_if(names, [&](const std::string& name) { return made.contains(name); });
  return names;
}

void PrepareColumns(std::string_view sql, ingest::InputSchema& schema) {
  const auto tokens = sql::Lex(sql).tokens;
  std::set<std::string> quoted;
  for (const sql::Token& token : tokens) {
    if (token.kind == sql::TokenKind::kQuotedName) quoted.insert(token.text);
  }
  std::map<std::string, int> spellings;  // How many columns differ in case alone.
  for (const ingest::InputColumn& column : schema.columns) ++spellings[AsciiUpper(column.name)];
  std::set<std::string> taken;
  const bool log = IsLogFormat(schema);
  for (ingest::InputColumn& column : schema.columns) {
    // Where the value stands in a record; for CSV only the name that it has there.
    if (column.mapping.empty()) column.mapping = schema.format == "json" ? StrCat("$.", column.name) : column.name;
    const std::string upper = AsciiUpper(column.name);
    if (!quoted.contains(column.name) && spellings[upper] == 1) column.name = upper;
    taken.insert(column.name);
    column.type = Widest(column.type);
  }
  if (!log) return;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const sql::Token& token = tokens[i];
    const auto field = ingest::FindLogField(token.text);
    if (!IsName(token) || !field.has_value() || taken.contains(token.text)) continue;
    if (tokens[i + 1].IsSymbol("(") || tokens[i + 1].kind == sql::TokenKind::kString) continue;  // A call, a literal.
    const auto same = std::ranges::find_if(schema.columns, [&](const ingest::InputColumn& column) {
      return ingest::FindLogField(column.mapping) == field;
    });
    const data::Type type = same != schema.columns.end() ? same->type : data::Type::Varchar();
    schema.columns.push_back({.name = token.text, .type = type, .mapping = AsciiLower(token.text)});
    taken.insert(token.text);
  }
}

std::string NameInFile(const ingest::InputSchema& schema, const std::string& name) {
  const auto column = std::ranges::find(schema.columns, name, &ingest::InputColumn::name);
  if (column == schema.columns.end()) return name;
  const std::string original = OriginalName(*column);
  return AsciiUpper(original) == AsciiUpper(name) ? original : name;
}

}  // namespace tailrace::app
