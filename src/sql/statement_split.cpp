#include "sql/statement_split.h"

#include <algorithm>
#include <array>

#include "base/str.h"
#include "sql/parser.h"

namespace tailrace::sql {
namespace {

constexpr std::string_view kClauseWords[] = {"EXCEPT", "FROM",  "GROUP", "HAVING",   "INTERSECT", "LIMIT",
                                             "ORDER",  "UNION", "WHERE", "WINDOWED", "WINDOW"};
constexpr std::string_view kInnerWords[] = {"AND",  "AS",      "CROSS", "FULL", "INNER", "JOIN",
                                            "LEFT", "NATURAL", "ON",    "OR",   "RIGHT", "USING"};

bool IsOneOf(const Token& token, std::span<const std::string_view> words) {
  return token.kind == TokenKind::kWord && std::ranges::find(words, token.text) != words.end();
}

class Splitter {
 public:
  Splitter(std::vector<Token> tokens, std::string_view text) : input_(std::move(tokens)), text_(text) {}

  SplitProgram Run() {
    split_.tokens.reserve(input_.size());
    for (size_t i = 0; i + 1 < input_.size(); ++i) {
      if (input_[i].IsSymbol(";")) {
        TakeSemicolon(i);
      } else {
        if (BeginsDefinition(i) && !StatementIsEmpty()) EndStatement(true);
        Keep(i);
      }
    }
    EndStatement(false);
    Keep(input_.size() - 1);
    return std::move(split_);
  }

 private:
  bool StatementIsEmpty() const { return split_.tokens.size() == begin_; }

  void Keep(size_t i) {
    const auto index = static_cast<uint32_t>(split_.tokens.size());
    const bool closes = input_[i].IsSymbol(")") && !open_.empty();
    if (closes) {
      split_.match[open_.back()] = index;
      open_.pop_back();
    }
    split_.depth.push_back(static_cast<uint32_t>(open_.size()));
    split_.match.push_back(0);
    if (input_[i].IsSymbol("(")) open_.push_back(index);
    split_.tokens.push_back(std::move(input_[i]));
  }

  void EndStatement(bool missing_semicolon) {
    const auto end = static_cast<uint32_t>(split_.tokens.size());
    if (!StatementIsEmpty()) split_.statements.push_back({begin_, end, missing_semicolon});
    begin_ = end;
    open_.clear();
  }

  void TakeSemicolon(size_t i) {
    const Token& next = input_[i + 1];
    const bool inside = !open_.empty();
    const bool goes_on = IsOneOf(next, kClauseWords) ||
                         (inside && (IsOneOf(next, kInnerWords) || next.IsSymbol(")") || next.IsSymbol(",")));
    if (goes_on && !StatementIsEmpty()) {
      ReportStray(input_[i], next, inside);
      return;
    }
    // Any other word inside a parenthesis is the parser's to judge: the semicolon may stand for a comma.
    const bool ends = !inside || next.kind == TokenKind::kEnd || next.IsSymbol(";") || StartsStatement(next);
    if (ends) EndStatement(false);
    Keep(i);
    if (ends) begin_ = static_cast<uint32_t>(split_.tokens.size());
  }

  void ReportStray(const Token& semicolon, const Token& next, bool inside) {
    if (split_.diagnostics.size() >= kDiagnosticsMax) return;
    const std::string_view found = text_.substr(next.range.begin, next.range.end - next.range.begin);
    const std::string name = next.kind == TokenKind::kWord ? std::string(found) : StrCat("'", found, "'");
    split_.diagnostics.push_back({.range = semicolon.range,
                                  .message = inside ? StrCat("statement ends inside '(' - remove ';' before ", name)
                                                    : StrCat("statement ends too early - remove ';' before ", name),
                                  .fixes = {{semicolon.range, ""}}});
  }

  // CREATE [OR REPLACE] STREAM and kin never stand inside another statement.
  bool BeginsDefinition(size_t i) const {
    if (!input_[i].IsWord("CREATE")) return false;
    size_t at = i + 1;
    if (input_[at].IsWord("OR") && input_[at + 1].IsWord("REPLACE")) at += 2;
    static constexpr std::array<std::string_view, 4> kObjects = {"FUNCTION", "PUMP", "STREAM", "VIEW"};
    return IsOneOf(input_[at], kObjects);
  }

  std::vector<Token> input_;
  std::string_view text_;
  std::vector<uint32_t> open_;  // The parentheses that are open.
  uint32_t begin_ = 0;          // First token of the statement at hand.
  SplitProgram split_;
};

}  // namespace

bool StartsStatement(const Token& token) {
  static constexpr std::array<std::string_view, 8> kWords = {"ALTER",  "CREATE", "DROP", "EXPLAIN",
                                                             "INSERT", "SELECT", "SET",  "VALUES"};
  return IsOneOf(token, kWords);
}

SplitProgram SplitStatements(std::vector<Token> tokens, std::string_view text) {
  return Splitter(std::move(tokens), text).Run();
}

}  // namespace tailrace::sql
