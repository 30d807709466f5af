#include "sql/token_cursor.h"

#include <algorithm>

#include "base/str.h"
#include "sql/keywords.h"

namespace tailrace::sql {

TokenCursor::TokenCursor(std::string_view text, const ParseOptions& options) : text_(text), options_(options) {
  LexedText lexed = Lex(text, options.parameters);
  cut_short_ = lexed.cut_short;
  diagnostics_ = std::move(lexed.diagnostics);
  split_ = SplitStatements(std::move(lexed.tokens), text);
  for (Diagnostic& diagnostic : split_.diagnostics) Report(std::move(diagnostic));
}

void TokenCursor::Enter(const StatementSpan& statement) {
  position_ = statement.begin;
  limit_ = statement.end;
  failed_ = false;
  faulty_ = false;
  end_ = {.kind = TokenKind::kEnd, .range = split_.tokens[limit_].range};
}

const Token& TokenCursor::Peek(size_t ahead) const {
  const size_t at = position_ + ahead;
  return at < limit_ ? split_.tokens[at] : end_;
}

const Token& TokenCursor::Previous() const { return split_.tokens[position_ == 0 ? 0 : position_ - 1]; }

const Token& TokenCursor::Next() {
  const Token& token = Peek();
  if (position_ < limit_) ++position_;
  return token;
}

SourceRange TokenCursor::RangeFrom(uint32_t begin) const {
  return {begin, std::max(begin, failed_ ? begin : Previous().range.end)};
}

bool TokenCursor::IsOneOf(std::span<const std::string_view> words) const {
  return Peek().kind == TokenKind::kWord && std::ranges::find(words, Peek().text) != words.end();
}

bool TokenCursor::Accept(std::string_view word) {
  if (!Is(word)) return false;
  Next();
  return true;
}

bool TokenCursor::AcceptSymbol(std::string_view symbol) {
  if (!IsSymbol(symbol)) return false;
  Next();
  return true;
}

bool TokenCursor::Expect(std::string_view word) {
  const std::string_view words[] = {word};
  return !ExpectOneOf(words, word).empty();
}

std::string_view TokenCursor::ExpectOneOf(std::span<const std::string_view> words, std::string_view description) {
  for (const std::string_view word : words) {
    if (Accept(word)) return word;
  }
  const Token& token = Peek();
  const std::string_view meant = token.kind == TokenKind::kWord ? SlipOf(token.text, words) : std::string_view();
  if (meant.empty()) {
    FailExpected(description);
    return {};
  }
  ReadAs(meant, StrCat("expected ", description, ", found ", Describe(token)));
  Next();
  return meant;
}

void TokenCursor::ReadAs(std::string_view word, std::string message) {
  Token& token = split_.tokens[position_];
  Repaired(token.range, std::move(message), StrCat("did you mean ", word, "?"), {{token.range, std::string(word)}});
  token.text = word;
}

bool TokenCursor::CorrectSlip(std::span<const std::string_view> words) {
  if (AtEnd() || Peek().kind != TokenKind::kWord) return false;
  const std::string_view meant = SlipOf(Peek().text, words);
  if (meant.empty()) return false;
  const Token& next = Peek(1);
  const bool follows_name = next.kind == TokenKind::kEnd || next.IsSymbol(",") || next.IsSymbol(")") ||
                            next.IsSymbol(".") || next.IsWord("WINDOWED") ||
                            (next.kind == TokenKind::kWord && IsStructural(next.text) && !next.IsWord("BY"));
  if (follows_name) return false;
  ReadAs(meant, StrCat("unexpected word ", Describe(Peek())));
  return true;
}

bool TokenCursor::ExpectSymbol(std::string_view symbol) {
  if (AcceptSymbol(symbol)) return true;
  std::string description = StrCat("'", symbol, "'");
  if (symbol == ")" && AtEnd()) {
    uint32_t open = limit_;
    while (open > 0 && !(split_.tokens[open].IsSymbol("(") && split_.match[open] == 0)) --open;
    const LineColumn place = Locate(text_, split_.tokens[open].range.begin);
    description += StrCat(" to close the '(' in line ", place.line, ", column ", place.column);
  }
  FailExpected(description);
  return false;
}

bool TokenCursor::ExpectBefore(std::string_view word, std::string_view follower) {
  if (!Is(follower)) return Expect(word);
  const SourceRange range = Peek().range;
  Repaired(range, StrCat("expected ", word, " before ", follower), {},
           {{{range.begin, range.begin}, StrCat(word, " ")}});
  return true;
}

void TokenCursor::FailExpected(std::string_view description, std::string hint) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kUnknown) return Fail(token.range, token.text);
  Fail(token.range, StrCat("expected ", description, ", found ", Describe(token)), std::move(hint));
}

void TokenCursor::Fail(SourceRange range, std::string message, std::string hint, std::vector<TextEdit> fixes) {
  if (failed_) return;
  // Where the text is cut at an open quote, that error is the only one to tell.
  const bool silent = cut_short_ && limit_ + 1 == split_.tokens.size() && AtEnd();
  failed_at_ = position_;
  failed_ = true;
  faulty_ = true;
  position_ = limit_;
  if (!silent)
    Report({.range = range, .message = std::move(message), .hint = std::move(hint), .fixes = std::move(fixes)});
}

void TokenCursor::Fault(SourceRange range, std::string message, std::string hint) {
  if (failed_) return;
  faulty_ = true;
  Report({.range = range, .message = std::move(message), .hint = std::move(hint)});
}

void TokenCursor::Repaired(SourceRange range, std::string message, std::string hint, std::vector<TextEdit> fixes) {
  if (failed_) return;
  Report({.range = range, .message = std::move(message), .hint = std::move(hint), .fixes = std::move(fixes)});
}

void TokenCursor::Warn(SourceRange range, std::string message, std::string hint) {
  if (failed_) return;
  Report({.severity = Severity::kWarning, .range = range, .message = std::move(message), .hint = std::move(hint)});
}

void TokenCursor::Report(Diagnostic diagnostic) {
  if (!Full() && !repeated_) diagnostics_.push_back(std::move(diagnostic));
}

std::string_view TokenCursor::SourceText(SourceRange range) const {
  return text_.substr(range.begin, range.end - range.begin);
}

std::string TokenCursor::Describe(const Token& token) const {
  if (token.kind == TokenKind::kEnd) {
    const std::string_view next = SourceText(split_.tokens[limit_].range);
    if (next.empty()) return "the end of the text";
    return next == ";" ? "';'" : std::string(next);
  }
  constexpr size_t kShownMax = 40;
  const std::string_view source = SourceText(token.range);
  const std::string_view line = source.substr(0, source.find('\n'));
  const std::string_view shown = Utf8Prefix(line, kShownMax);
  const std::string text = shown.size() < source.size() ? StrCat(shown, "...") : std::string(shown);
  return token.kind == TokenKind::kSymbol ? StrCat("'", text, "'") : text;
}

bool TokenCursor::RecoverTo(uint32_t level, const Stops& stops) {
  if (!failed_ || Full()) return false;
  for (uint32_t at = failed_at_; at < limit_ && split_.depth[at] + (split_.tokens[at].IsSymbol(")") ? 1 : 0) >= level;
       ++at) {
    const Token& token = split_.tokens[at];
    const bool closes = token.IsSymbol(")") && split_.depth[at] + 1 == level;
    const bool stop = closes ? stops.or_close
                             : split_.depth[at] == level &&
                                   (std::ranges::find(stops.symbols, token.text) != stops.symbols.end()
                                        ? token.kind == TokenKind::kSymbol
                                        : token.kind == TokenKind::kWord &&
                                              std::ranges::find(stops.words, token.text) != stops.words.end());
    if (stop) {
      failed_ = false;
      position_ = at;
      return true;
    }
    if (closes) return false;
  }
  return false;
}

const Token& TokenCursor::BehindClose(size_t ahead) const {
  const size_t open = position_ + ahead;
  if (open >= limit_ || split_.match[open] == 0 || split_.match[open] + 1 >= limit_) return end_;
  return split_.tokens[split_.match[open] + 1];
}

bool TokenCursor::ParenthesisHoldsQuery() const {
  size_t ahead = 0;
  while (Peek(ahead).IsSymbol("(") && ahead <= static_cast<size_t>(kNestingMax)) ++ahead;
  return ahead > 0 && (Peek(ahead).IsWord("SELECT") || Peek(ahead).IsWord("VALUES"));
}

}  // namespace tailrace::sql
