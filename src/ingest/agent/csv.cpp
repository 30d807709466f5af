#include "ingest/agent/csv.h"

#include <cstring>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

size_t FindByte(std::string_view bytes, char byte, size_t from) {
  if (from >= bytes.size()) return std::string_view::npos;
  const void* const found = std::memchr(bytes.data() + from, byte, bytes.size() - from);
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
}

bool FieldStartsAt(std::string_view record, size_t at, std::string_view delimiter) {
  return at == 0 || (at >= delimiter.size() && record.substr(at - delimiter.size(), delimiter.size()) == delimiter);
}

// Behind the quote that closes the one at `open`; npos when there is none.
size_t BehindClosingQuote(std::string_view bytes, size_t open) {
  size_t at = open + 1;
  while (true) {  // Ends: `at` grows.
    at = FindByte(bytes, '"', at);
    if (at == std::string_view::npos) return at;
    if (at + 1 >= bytes.size() || bytes[at + 1] != '"') return at + 1;
    at += 2;
  }
}

}  // namespace

std::optional<std::string> LiteralDelimiter(std::string_view java_pattern) {
  if (java_pattern == "|") return std::string("|");
  if (java_pattern.empty()) return std::nullopt;
  std::string literal;
  for (size_t i = 0; i < java_pattern.size(); ++i) {
    const char c = java_pattern[i];
    if (c == '\\') {
      if (++i == java_pattern.size()) return std::nullopt;
      const char escaped = java_pattern[i];
      const bool letter_or_digit = (escaped >= '0' && escaped <= '9') || (escaped >= 'a' && escaped <= 'z') ||
                                   (escaped >= 'A' && escaped <= 'Z');
      if (escaped == 't') {
        literal += '\t';
      } else if (letter_or_digit) {
        return std::nullopt;
      } else {
        literal += escaped;
      }
    } else if (std::string_view(".$|()[]{}^?*+").find(c) != std::string_view::npos) {
      return std::nullopt;
    } else {
      literal += c;
    }
  }
  return literal;
}

size_t CsvRecordLength(std::string_view bytes, std::string_view delimiter) {
  const size_t first_line_end = FindByte(bytes, '\n', 0);
  if (first_line_end == std::string_view::npos) return 0;
  size_t line_end = first_line_end;
  size_t at = 0;
  while (true) {  // Ends: `at` grows with every quote.
    const size_t quote = FindByte(bytes.substr(0, line_end), '"', at);
    if (quote == std::string_view::npos) return line_end + 1;
    if (!FieldStartsAt(bytes, quote, delimiter)) {
      at = quote + 1;
      continue;
    }
    const std::string_view within = bytes.substr(0, kQuotedRecordBytesMax);
    at = BehindClosingQuote(within, quote);
    if (at == std::string_view::npos) return bytes.size() >= kQuotedRecordBytesMax ? first_line_end + 1 : 0;
    // A quote at the very end of what is there may be the first half of a doubled one.
    if (at == bytes.size()) return 0;
    if (at > line_end) line_end = FindByte(bytes, '\n', at);
    if (line_end == std::string_view::npos) {
      return bytes.size() >= kQuotedRecordBytesMax ? first_line_end + 1 : 0;
    }
  }
}

Result<CsvSplitter> CsvSplitter::Make(std::string_view delimiter, CsvMode mode) {
  CsvSplitter splitter;
  const auto literal = LiteralDelimiter(delimiter);
  if (literal && (mode == CsvMode::kRfc4180 || delimiter != "|")) {
    splitter.literal_ = *literal;
    splitter.quotes_ = mode == CsvMode::kRfc4180 && literal->find('"') == std::string::npos;
    return splitter;
  }
  TAILRACE_ASSIGN_OR_RETURN(splitter.regex_, JavaRegex::Compile(delimiter, RegexMode::kFind));
  return splitter;
}

const std::vector<CsvColumn>& CsvSplitter::Columns(std::string_view record, size_t columns_max) {
  columns_.clear();
  unquoted_.clear();
  if (quotes_) {
    SplitQuoted(record, columns_max);
  } else if (!literal_.empty()) {
    SplitLiteral(record);
  } else {
    SplitRegex(record);
  }
  // Java keeps the one column of a text without delimiters, even an empty one.
  while (columns_.size() > 1 && columns_.back().text.empty() && !columns_.back().quoted) columns_.pop_back();
  if (columns_.size() == 1 && columns_[0].text.empty() && !columns_[0].quoted && !record.empty()) columns_.clear();
  if (columns_.size() > columns_max) columns_.resize(columns_max);
  return columns_;
}

// The text of the quoted field at `at`; moves `at` behind it, to a delimiter or the end.
std::string_view CsvSplitter::Unquote(std::string_view record, size_t& at) {
  const size_t behind = BehindClosingQuote(record, at);
  const size_t begin = at + 1;
  const size_t close = behind == std::string_view::npos ? record.size() : behind - 1;
  const std::string_view inner = record.substr(begin, close - begin);
  size_t end = behind == std::string_view::npos ? record.size() : record.find(literal_, behind);
  if (end == std::string_view::npos) end = record.size();
  const std::string_view tail =
      behind == std::string_view::npos ? std::string_view() : record.substr(behind, end - behind);
  at = end;
  if (tail.empty() && FindByte(inner, '"', 0) == std::string_view::npos) return inner;
  if (unquoted_.capacity() < record.size()) unquoted_.reserve(record.size());
  const size_t from = unquoted_.size();
  for (size_t i = 0; i < inner.size(); ++i) {
    unquoted_ += inner[i];
    if (inner[i] == '"') ++i;  // The second of a pair.
  }
  unquoted_.append(tail);
  return std::string_view(unquoted_).substr(from);
}

void CsvSplitter::SplitQuoted(std::string_view record, size_t columns_max) {
  // Reserved before the first view into it is handed out.
  if (unquoted_.capacity() < record.size()) unquoted_.reserve(record.size());
  size_t at = 0;
  bool surplus = false;
  while (!surplus) {
    // A further column decides whether empty ones before it count; what it holds does not matter.
    surplus = columns_.size() > columns_max;
    if (at < record.size() && record[at] == '"') {
      columns_.push_back({Unquote(record, at), true});
    } else {
      size_t end = literal_.size() == 1 ? FindByte(record, literal_[0], at) : record.find(literal_, at);
      if (end == std::string_view::npos) end = record.size();
      columns_.push_back({record.substr(at, end - at), false});
      at = end;
    }
    if (at >= record.size()) return;
    at += literal_.size();
  }
}

void CsvSplitter::SplitLiteral(std::string_view record) {
  size_t at = 0;
  while (true) {  // Ends: `at` grows.
    const size_t end = record.find(literal_, at);
    columns_.push_back({record.substr(at, end == std::string_view::npos ? end : end - at), false});
    if (end == std::string_view::npos) return;
    at = end + literal_.size();
  }
}

void CsvSplitter::SplitRegex(std::string_view record) {
  RegexGroup match[1];
  size_t begin = 0;
  size_t from = 0;
  while (from <= record.size()) {
    const auto found = regex_->Match(record, from, scratch_, match);
    if (!found.ok() || !*found) break;
    const bool empty = match[0].end == match[0].begin;
    if (empty && match[0].begin >= record.size()) break;
    if (match[0].end > 0) {  // A match of no width at the beginning makes no empty first column.
      columns_.push_back({record.substr(begin, match[0].begin - begin), false});
      begin = match[0].end;
    }
    from = match[0].end;
    if (empty) {
      do ++from;
      while (from < record.size() && (static_cast<unsigned char>(record[from]) & 0xc0) == 0x80);
    }
  }
  columns_.push_back({record.substr(begin), false});
}

}  // namespace tailrace::ingest
