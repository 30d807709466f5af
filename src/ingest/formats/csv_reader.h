#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::ingest {

// One field of a CSV row.
struct CsvField {
  std::string_view text;  // Without its quotes, doubled quotes made single.
  bool quoted = false;    // An empty field and a quoted empty text differ.
};

// Cuts CSV text into rows and fields. A quote at a field's start opens a quoted field, in which delimiters and line
// breaks are text and a doubled quote is one; a quote anywhere else is text. With the row delimiter "\n" a row may also
// end in "\r\n".
// Source  RFC 4180.
class CsvReader {
 public:
  // `text` is borrowed. `marks` is room that a reader of many rows works in; borrowed too.
  CsvReader(std::string_view text, std::string_view row_delimiter, std::string_view column_delimiter,
            std::vector<uint64_t>* marks = nullptr);

  // Reads the next row that is not empty into `fields`. False at the end. Fields are valid until the next call.
  bool Next(std::vector<CsvField>& fields);
  // The bytes of the row that Next read, without its delimiter.
  std::string_view row() const { return row_; }
  // True when that row is all there is.
  bool only_row() const;
  // False when the last field read was opened by a quote that nothing closes.
  bool closed() const { return closed_; }

 private:
  bool AtRowEnd(size_t& delimiter_bytes) const;
  bool AtColumnEnd() const;
  CsvField ReadQuoted();
  CsvField ReadPlain();
  CsvField ReadPlainLine();
  size_t PlainEnd(size_t at) const;
  std::string_view Keep(std::string text);

  std::string_view text_;
  std::string_view row_delimiter_;
  std::string_view column_delimiter_;
  bool newline_rows_;
  std::span<const uint64_t> marks_;  // Of delimiters and line ends; empty: unknown.
  size_t at_ = 0;
  std::string_view row_;
  bool row_is_first_ = false;
  bool closed_ = true;
  std::list<std::string> unescaped_;  // Owns fields of the row whose text differs from the source.
};

}  // namespace tailrace::ingest
