#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/diagnostic.h"
#include "sql/parser.h"
#include "sql/statement_split.h"

namespace tailrace::sql {

// Walks over the tokens of one statement at a time and collects the errors.
//
// State   After the first error the cursor is *failed*: it pretends to stand at the statement's end and swallows
//         further errors, so that the rules above simply run out. Whoever knows a place to go on calls RecoverTo. A
//         *repaired* error has a certain cure and does not fail the cursor.
// Threads One owner.
class TokenCursor {
 public:
  TokenCursor(std::string_view text, const ParseOptions& options);

  const Token& Peek(size_t ahead = 0) const;
  const Token& Previous() const;
  // The token at hand, passed; the end is never passed.
  const Token& Next();
  bool AtEnd() const { return position_ >= limit_; }
  bool failed() const { return failed_; }
  const ParseOptions& options() const { return options_; }

  bool Is(std::string_view word) const { return Peek().IsWord(word); }
  bool IsSymbol(std::string_view symbol) const { return Peek().IsSymbol(symbol); }
  bool IsOneOf(std::span<const std::string_view> words) const;
  bool Accept(std::string_view word);
  bool AcceptSymbol(std::string_view symbol);

  // Passes the word; a slip of it ("SELCET") is repaired, anything else is an error.
  bool Expect(std::string_view word);
  // The same for several words; gives the one that stands there, empty on an error.
  std::string_view ExpectOneOf(std::span<const std::string_view> words, std::string_view description);
  // When the word at hand is a slip of one of `words` and what follows it cannot follow a name, reads it as that word.
  bool CorrectSlip(std::span<const std::string_view> words);
  bool ExpectSymbol(std::string_view symbol);
  // The word; when it is missing and `follower` stands there instead, it is put in as a repair.
  bool ExpectBefore(std::string_view word, std::string_view follower);

  // "expected DESCRIPTION, found ...".
  void FailExpected(std::string_view description, std::string hint = {});
  void Fail(SourceRange range, std::string message, std::string hint = {}, std::vector<TextEdit> fixes = {});
  // Reports an error that leaves the cursor where it is; the statement is dropped.
  void Fault(SourceRange range, std::string message, std::string hint = {});
  void Repaired(SourceRange range, std::string message, std::string hint, std::vector<TextEdit> fixes);
  void Warn(SourceRange range, std::string message, std::string hint = {});
  // Reads the word at hand as `word`, as a repair.
  void ReadAs(std::string_view word, std::string message);
  // The token as a message names it: WHERE, ',', 'text', end of text.
  std::string Describe(const Token& token) const;
  std::string_view SourceText(SourceRange range) const;

  // Goes on at the first of `words` or `symbols` on parenthesis level `level` behind the error, if it comes before that
  // level closes; at the closing parenthesis itself when `or_close`. False: the cursor stays failed.
  struct Stops {
    std::span<const std::string_view> words;
    std::span<const std::string_view> symbols;
    bool or_close = false;
  };
  bool RecoverTo(uint32_t level, const Stops& stops);
  uint32_t Level() const { return split_.depth[std::min(position_, limit_)]; }
  // The token behind the ')' of the '(' that is `ahead` tokens away; the end when it is never closed.
  const Token& BehindClose(size_t ahead = 0) const;
  // Whether the '(' at hand holds a query: SELECT or VALUES behind any number of '('.
  bool ParenthesisHoldsQuery() const;

 protected:
  // Sets the cursor on a statement.
  void Enter(const StatementSpan& statement);
  bool Full() const { return diagnostics_.size() >= kDiagnosticsMax; }
  void Report(Diagnostic diagnostic);
  SourceRange RangeFrom(uint32_t begin) const;

  const std::string_view text_;
  const ParseOptions options_;
  bool cut_short_ = false;
  SplitProgram split_;
  std::vector<Diagnostic> diagnostics_;
  uint32_t position_ = 0;
  uint32_t limit_ = 0;  // The statement's end.
  bool failed_ = false;
  bool faulty_ = false;    // An error of this statement has no certain cure.
  bool repeated_ = false;  // The tokens at hand are read a second time; their diagnostics are out already.

 private:
  uint32_t failed_at_ = 0;  // The token at which the cursor failed.
  Token end_;               // What Peek gives at the statement's end.
};

}  // namespace tailrace::sql
