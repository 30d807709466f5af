#include "ingest/formats/csv_reader.h"

#include <utility>

namespace tailrace::ingest {

CsvReader::CsvReader(std::string_view text, std::string_view row_delimiter, std::string_view column_delimiter)
    : text_(text),
      row_delimiter_(row_delimiter),
      column_delimiter_(column_delimiter),
      newline_rows_(row_delimiter == "\n" || row_delimiter == "\r\n") {}

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

std::string_view CsvReader::Keep(std::string text) {
  if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
  std::string& kept = unescaped_[unescaped_used_++];
  kept = std::move(text);
  return kept;
}

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
  const size_t begin = at_;
  const char column_first = column_delimiter_[0];
  const char row_first = newline_rows_ ? '\n' : row_delimiter_[0];
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == column_first && text_.substr(at_).starts_with(column_delimiter_)) break;
    size_t ignored = 0;
    if ((c == row_first || (newline_rows_ && c == '\r')) && AtRowEnd(ignored)) break;
    ++at_;
  }
  return {.text = text_.substr(begin, at_ - begin)};
}

bool CsvReader::Next(std::vector<CsvField>& fields) {
  fields.clear();
  unescaped_used_ = 0;
  closed_ = true;
  size_t delimiter_bytes = 0;
  while (at_ < text_.size() && AtRowEnd(delimiter_bytes) && delimiter_bytes > 0) at_ += delimiter_bytes;
  if (at_ >= text_.size()) return false;
  const size_t begin = at_;
  while (true) {
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    fields.push_back(quoted ? ReadQuoted() : ReadPlain());
    if (text_.substr(at_).starts_with(column_delimiter_)) {
      at_ += column_delimiter_.size();
      continue;
    }
    row_ = text_.substr(begin, at_ - begin);
    AtRowEnd(delimiter_bytes);
    at_ += delimiter_bytes;
    return true;
  }
}

}  // namespace tailrace::ingest
