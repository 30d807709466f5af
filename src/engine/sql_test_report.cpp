#include "engine/sql_test_report.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/str.h"

namespace tailrace::engine {
namespace {

constexpr size_t kCellsMax = 4'000'000;  // Of the table that finds the longest common rows.
constexpr size_t kContextRows = 3;       // Equal rows shown before and after a difference.

struct DiffLine {
  char mark = ' ';       // ' ' in both, '-' expected only, '+' found only.
  size_t file_line = 0;  // 0: not in the file.
  const std::string* row;
};

class Diff {
 public:
  Diff(const std::vector<std::string>& expected, const std::vector<std::string>& found, size_t first_line)
      : expected_(expected), found_(found), first_line_(first_line) {}

  std::vector<DiffLine> Lines() {
    size_t begin = 0;
    while (begin < std::min(expected_.size(), found_.size()) && expected_[begin] == found_[begin]) Both(begin++);
    size_t tail = 0;
    while (tail < std::min(expected_.size(), found_.size()) - begin &&
           expected_[expected_.size() - 1 - tail] == found_[found_.size() - 1 - tail]) {
      ++tail;
    }
    Middle(begin, expected_.size() - tail, found_.size() - tail);
    for (size_t i = expected_.size() - tail; i < expected_.size(); ++i) Both(i);
    return std::move(lines_);
  }

 private:
  void Both(size_t i) { lines_.push_back({' ', first_line_ + i, &expected_[i]}); }
  void Missing(size_t i) { lines_.push_back({'-', first_line_ + i, &expected_[i]}); }
  void Extra(size_t i) { lines_.push_back({'+', 0, &found_[i]}); }

  // Rows [begin, expected_end) and [begin, found_end), by the longest common subsequence.
  void Middle(size_t begin, size_t expected_end, size_t found_end) {
    const size_t rows = expected_end - begin;
    const size_t columns = found_end - begin;
    if ((rows + 1) * (columns + 1) > kCellsMax) {
      for (size_t i = begin; i < expected_end; ++i) Missing(i);
      for (size_t i = begin; i < found_end; ++i) Extra(i);
      return;
    }
    std::vector<uint32_t> common((rows + 1) * (columns + 1), 0);  // Of what follows (row, column).
    const auto cell = [&](size_t row, size_t column) -> uint32_t& { return common[row * (columns + 1) + column]; };
    for (size_t row = rows; row-- > 0;) {
      for (size_t column = columns; column-- > 0;) {
        cell(row, column) = expected_[begin + row] == found_[begin + column]
                                ? cell(row + 1, column + 1) + 1
                                : std::max(cell(row + 1, column), cell(row, column + 1));
      }
    }
    size_t row = 0;
    size_t column = 0;
    while (row < rows || column < columns) {
      if (row < rows && column < columns && expected_[begin + row] == found_[begin + column]) {
        Both(begin + row);
        ++row, ++column;
      } else if (column == columns || (row < rows && cell(row + 1, column) >= cell(row, column + 1))) {
        Missing(begin + row++);
      } else {
        Extra(begin + column++);
      }
    }
  }

  const std::vector<std::string>& expected_;
  const std::vector<std::string>& found_;
  const size_t first_line_;
  std::vector<DiffLine> lines_;
};

std::vector<size_t> ColumnWidths(const std::vector<DiffLine>& lines) {
  std::vector<size_t> widths;
  for (const DiffLine& line : lines) {
    const auto fields = Split(*line.row, '\t');
    widths.resize(std::max(widths.size(), fields.size()));
    for (size_t i = 0; i < fields.size(); ++i) widths[i] = std::max(widths[i], Utf8Length(fields[i]));
  }
  return widths;
}

std::string Aligned(std::string_view row, const std::vector<size_t>& widths) {
  std::string text;
  const auto fields = Split(row, '\t');
  for (size_t i = 0; i < fields.size(); ++i) {
    text += fields[i];
    if (i + 1 < fields.size()) text += std::string(widths[i] - Utf8Length(fields[i]) + 2, ' ');
  }
  return text;
}

}  // namespace

std::string FormatSqlTestFailure(std::string_view file, const SqlTestFailure& failure) {
  std::string text = StrCat(file, ":", failure.line, ": ", failure.message);
  if (!failure.compares) return text + "\n";
  const std::vector<DiffLine> lines = Diff(failure.expected, failure.found, failure.separator_line + 1).Lines();
  const auto count = [&](char mark) { return std::ranges::count(lines, mark, &DiffLine::mark); };
  text += StrCat(": ", count('-'), " of ", failure.expected.size(), " expected lines missing (-), ", count('+'),
                 " others found (+)\n");
  const std::vector<size_t> widths = ColumnWidths(lines);
  size_t shown_until = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t from = i > kContextRows ? i - kContextRows : 0;
    const size_t to = std::min(i + kContextRows + 1, lines.size());
    const bool near =
        std::any_of(lines.begin() + static_cast<ptrdiff_t>(from), lines.begin() + static_cast<ptrdiff_t>(to),
                    [](const DiffLine& line) { return line.mark != ' '; });
    if (!near) continue;
    if (i > shown_until) text += StrCat("        ... ", i - shown_until, " equal lines\n");
    shown_until = i + 1;
    const std::string number = lines[i].file_line == 0 ? "" : StrCat(lines[i].file_line);
    text += StrCat(std::string(6 - std::min<size_t>(number.size(), 6), ' '), number, " ", std::string(1, lines[i].mark),
                   " ", Aligned(*lines[i].row, widths), "\n");
  }
  if (shown_until < lines.size()) text += StrCat("        ... ", lines.size() - shown_until, " equal lines\n");
  return text;
}

std::string UpdateSqlTest(std::string_view text, const std::vector<SqlTestFailure>& failures) {
  std::map<size_t, const SqlTestFailure*> by_end;  // Last line that stays of the block.
  for (const SqlTestFailure& failure : failures) {
    if (failure.compares) by_end[failure.separator_line == 0 ? failure.end_line : failure.separator_line] = &failure;
  }
  std::string updated;
  size_t number = 0;
  size_t skip_until = 0;
  const auto lines = Split(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    ++number;
    const bool last = i + 1 == lines.size();
    if (number > skip_until) updated += StrCat(lines[i], last ? "" : "\n");
    const auto found = by_end.find(number);
    if (found == by_end.end()) continue;
    const SqlTestFailure& failure = *found->second;
    if (!updated.ends_with('\n')) updated += '\n';
    if (failure.separator_line == 0) updated += "----\n";
    for (const std::string& row : failure.found) updated += row + "\n";
    skip_until = std::max(number, failure.end_line);
  }
  return updated;
}

}  // namespace tailrace::engine
