#include "ingest/formats/csv_reader.h"

#include <bit>
#include <utility>

#include "ingest/formats/byte_scan.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kMarkedBytesMin = 1'024;  // Below, most texts are one row.

}  // namespace

CsvReader::CsvReader(std::string_view text, std::string_view row_delimiter, std::string_view column_delimiter,
                     std::vector<uint64_t>* marks)
    : text_(text),
      row_delimiter_(row_delimiter),
      column_delimiter_(column_delimiter),
      newline_rows_(row_delimiter == "\n" || row_delimiter == "\r\n") {
  if (marks == nullptr || !newline_rows_ || column_delimiter.size() != 1 || text.size() < kMarkedBytesMin) return;
  marks->resize(text.size() / 64 + 1);
  MarkThree(text, column_delimiter[0], '\n', '\r', marks->data());
  marks_ = *marks;
}

bool CsvReader::only_row() const { return row_is_first_ && at_ == text_.size(); }

bool CsvReader::AtRowEnd(size_t& delimiter_bytes) const {
  const std::string_view rest = text_.substr(at_);
  if (newline_rows_) {
    if (rest.starts_with('\n')) {
      delimiter_bytes = 1;
      return true;
    }
    if (rest.starts_with("\r\n") || rest == "\r") {  // A record may be cut off between the two.
      delimiter_bytes = rest.size() == 1 ? 1 : 2;
      return true;
    }
  } else if (rest.starts_with(row_delimiter_)) {
    delimiter_bytes = row_delimiter_.size();
    return true;
  }
  delimiter_bytes = 0;
  return rest.empty();
}

std::string_view CsvReader::Keep(std::string text) { return unescaped_.emplace_back(std::move(text)); }

CsvField CsvReader::ReadQuoted() {
  const size_t begin = at_ + 1;
  std::string unescaped;
  bool copied = false;
  size_t from = begin;
  while (true) {
    const size_t quote = text_.find('"', from);
    if (quote == std::string_view::npos) {
      closed_ = false;
      at_ = text_.size();
      return {.text = text_.substr(begin), .quoted = true};
    }
    if (quote + 1 < text_.size() && text_[quote + 1] == '"') {
      unescaped.append(text_.substr(from, quote + 1 - from));
      copied = true;
      from = quote + 2;
      continue;
    }
    at_ = quote + 1;
    const CsvField tail = ReadPlain();  // What stands behind the closing quote belongs to the field.
    if (!copied && tail.text.empty()) return {.text = text_.substr(begin, quote - begin), .quoted = true};
    unescaped.append(text_.substr(from, quote - from));
    unescaped.append(tail.text);
    return {.text = Keep(std::move(unescaped)), .quoted = true};
  }
}

CsvField CsvReader::ReadPlain() {
  if (newline_rows_ && column_delimiter_.size() == 1) return ReadPlainLine();
  const char* const begin = text_.data() + at_;
  const char* const end = text_.data() + text_.size();
  const char column_first = column_delimiter_[0];
  const char row_first = newline_rows_ ? '\n' : row_delimiter_[0];
  const char row_other = newline_rows_ ? '\r' : row_first;
  const char* at = begin;
  for (at = FindOneOf(at, end, column_first, row_first, row_other); at != end;
       at = FindOneOf(at + 1, end, column_first, row_first, row_other)) {
    at_ = static_cast<size_t>(at - text_.data());
    if (*at == column_first && AtColumnEnd()) break;
    size_t ignored = 0;
    if (AtRowEnd(ignored)) break;
  }
  at_ = static_cast<size_t>(at - text_.data());
  return {.text = {begin, static_cast<size_t>(at - begin)}};
}

// The same for rows that end with a line and columns that end with one byte, as nearly all files have them.
CsvField CsvReader::ReadPlainLine() {
  const char* const begin = text_.data() + at_;
  const char* const end = text_.data() + text_.size();
  const char column_end = column_delimiter_[0];
  const char* at = FindOneOf(begin, end, column_end, '\n', '\r');
  // A carriage return belongs to the field unless the row ends there.
  while (at != end && *at == '\r' && column_end != '\r' && at + 1 != end && at[1] != '\n') {
    at = FindOneOf(at + 1, end, column_end, '\n', '\r');
  }
  at_ = static_cast<size_t>(at - text_.data());
  return {.text = {begin, static_cast<size_t>(at - begin)}};
}

bool CsvReader::AtColumnEnd() const {
  if (at_ == text_.size() || text_[at_] != column_delimiter_[0]) return false;
  return column_delimiter_.size() == 1 || text_.substr(at_).starts_with(column_delimiter_);
}

// Where the plain field that has byte `at` ends, by the marks.
inline size_t CsvReader::PlainEnd(size_t at) const {
  while (true) {
    if (at >= text_.size()) return text_.size();
    size_t word = at / 64;
    uint64_t bits = marks_[word] >> (at % 64) << (at % 64);
    while (bits == 0 && ++word * 64 < text_.size()) bits = marks_[word];
    if (bits == 0) return text_.size();
    at = word * 64 + static_cast<size_t>(std::countr_zero(bits));
    const bool text =
        text_[at] == '\r' && column_delimiter_[0] != '\r' && at + 1 < text_.size() && text_[at + 1] != '\n';
    if (!text) return at;
    ++at;
  }
}

bool CsvReader::Next(std::vector<CsvField>& fields) {
  fields.clear();
  unescaped_.clear();
  closed_ = true;
  size_t delimiter_bytes = 0;
  while (at_ < text_.size() && AtRowEnd(delimiter_bytes) && delimiter_bytes > 0) at_ += delimiter_bytes;
  if (at_ >= text_.size()) return false;
  const size_t begin = at_;
  while (true) {
    const size_t from = at_;
    if (at_ < text_.size() && text_[at_] == '"') {
      fields.push_back(ReadQuoted());
    } else if (marks_.empty()) {
      fields.push_back(ReadPlain());
    } else {
      at_ = PlainEnd(at_);
      fields.push_back({.text = text_.substr(from, at_ - from)});
    }
    if (AtColumnEnd()) {
      at_ += column_delimiter_.size();
      continue;
    }
    row_ = text_.substr(begin, at_ - begin);
    row_is_first_ = begin == 0;
    if (newline_rows_ && at_ < text_.size() && text_[at_] == '\n') {
      ++at_;
      return true;
    }
    AtRowEnd(delimiter_bytes);
    at_ += delimiter_bytes;
    return true;
  }
}

}  // namespace tailrace::ingest
