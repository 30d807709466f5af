#include "app/test_run.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"
#include "engine/sql_test_rows.h"

namespace tailrace::app {
namespace {

constexpr size_t kRecordsMax = 1'000'000;  // Of one file.
constexpr int64_t kDaysMax = 36'500;       // Of a relative time.

struct Unit {
  std::string_view name;
  double ms;
};
constexpr std::array<Unit, 5> kUnits = {{{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3'600e3}, {"d", 86'400e3}}};

Error Wrong(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

// "500ms", "1.5s", "2m".
Result<Milliseconds> ParseSpan(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789.");
  if (digits != std::string_view::npos && digits > 0) {
    const auto number = ParseDouble(text.substr(0, digits));
    const auto* const unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
    if (number.has_value() && unit != kUnits.end() && *number * unit->ms <= kDaysMax * 86'400e3) {
      return Milliseconds(std::llround(*number * unit->ms));
    }
  }
  return Wrong(StrCat("'", text, "' is no span of time: write 500ms, 1.5s, 2m, 1h or 1d"));
}

// The head of a `records` block: records INPUT [key] [escaped] [repeat N every SPAN]
struct RecordsHead {
  std::string input;
  bool key = false;
  bool escaped = false;
  int64_t repeat = 1;
  Milliseconds every{0};
};

Result<RecordsHead> ParseRecordsHead(std::string_view rest) {
  const std::vector<std::string_view> words = Split(rest, ' ');
  RecordsHead head{.input = std::string(words[0])};
  if (head.input.empty()) return Wrong("records needs the name of an input");
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "key") {
      head.key = true;
    } else if (words[i] == "escaped") {
      head.escaped = true;
    } else if (words[i] == "repeat" && i + 3 < words.size() && words[i + 2] == "every") {
      const auto count = ParseInt64(words[i + 1]);
      if (!count.has_value() || *count < 1 || *count > static_cast<int64_t>(kRecordsMax)) {
        return Wrong(StrCat("'", words[i + 1], "' is no count from 1 to ", kRecordsMax));
      }
      head.repeat = *count;
      TAILRACE_ASSIGN_OR_RETURN(head.every, ParseSpan(words[i + 3]));
      i += 3;
    } else {
      return Wrong(StrCat("'", words[i],
                          "' is not understood; the form is: records INPUT [key] [escaped] "
                          "[repeat COUNT every SPAN]"));
    }
  }
  return head;
}

// \t, \n, \r, \\ and \xHH.
Result<std::string> UnescapeRecord(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      bytes += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'x' && i + 2 < text.size()) {
      std::string byte;
      if (!FromHex(text.substr(i + 1, 2), byte)) return Wrong(StrCat("\\x", text.substr(i + 1, 2), " is no byte"));
      bytes += byte;
      i += 2;
    } else {
      bytes += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
  }
  return bytes;
}

std::string WithNumber(std::string_view text, int64_t number) {
  constexpr std::string_view kPlace = "${n}";
  std::string filled;
  for (size_t at = text.find(kPlace); at != std::string_view::npos; at = text.find(kPlace)) {
    filled += StrCat(text.substr(0, at), number);
    text.remove_prefix(at + kPlace.size());
  }
  return filled += text;
}

class TestRun {
 public:
  TestRun(Disk& disk, const engine::SqlTestFile& file, const Definition& definition, const std::string& folder,
          const TestMode& mode)
      : disk_(disk), file_(file), definition_(definition), folder_(folder), mode_(mode) {}

  std::vector<engine::SqlTestFailure> Run() {
    for (const engine::SqlTestBlock& block : file_.blocks) {
      const Status status = RunBlock(block);
      if (!status.ok()) {
        failures_.push_back(block.Failure());
        failures_.back().message += StrCat(": ", status.error().message);
        break;
      }
    }
    return std::move(failures_);
  }

 private:
  // A block that compares: what has come since the last block of the same head.
  struct Comparison {
    std::string_view word;
    Result<std::vector<std::string>> (TestWorld::*take)(const std::string& name);
    bool needs_name;
  };
  static constexpr std::array<Comparison, 6> kComparisons = {{{"emitted", &TestWorld::TakeRows, true},
                                                              {"written", &TestWorld::TakeWritten, true},
                                                              {"alarm", &TestWorld::TakeAlarmEvents, false},
                                                              {"messages", &TestWorld::TakeMessages, false},
                                                              {"state", &TestWorld::AlarmStates, true},
                                                              {"items", &TestWorld::Items, true}}};

  Status RunBlock(const engine::SqlTestBlock& block) {
    const std::string_view head = Trim(block.head);
    const std::string_view word = head.substr(0, head.find(' '));
    const std::string_view rest = Trim(head.substr(word.size()));
    if (word == "clock") return Clock(rest);
    if (word == "records") return Records(block, rest);
    if (word == "advance") return Advance(rest);
    if (head == "dead letters")
      return Compare(block, "", [](TestWorld& world, const std::string&) { return world.DeadLetters(); });
    for (const Comparison& comparison : kComparisons) {
      if (word != comparison.word) continue;
      if (rest.empty() && comparison.needs_name) return Wrong(StrCat(word, " needs a name"));
      return Compare(block, rest,
                     [&](TestWorld& world, const std::string& name) { return (world.*comparison.take)(name); });
    }
    return Unknown(word);
  }

  static Status Unknown(std::string_view word) {
    std::vector<std::string> words{"clock", "records", "advance", "dead letters"};
    for (const Comparison& comparison : kComparisons) words.emplace_back(comparison.word);
    for (const std::string_view declares : {"input", "table", "statement", "option", "feed", "query"}) {
      if (word == declares) {
        return Wrong("the application has its inputs, tables and SQL already; a test of it gives records");
      }
    }
    return Wrong(StrCat("unknown block; there are ", Join(words, ", ")));
  }

  Status Clock(std::string_view text) {
    if (world_ != nullptr) return Wrong("the clock is set before anything else; later, advance moves it");
    TAILRACE_ASSIGN_OR_RETURN(const Timestamp time, ParseTestTime(text, std::nullopt));
    return Start(time);
  }

  Status Start(Timestamp time) {
    if (world_ != nullptr) return Ok();
    previous_ = time;
    TAILRACE_ASSIGN_OR_RETURN(world_, TestWorld::Open(disk_, definition_, folder_, time, mode_));
    return Ok();
  }

  Status Records(const engine::SqlTestBlock& block, std::string_view rest) {
    TAILRACE_ASSIGN_OR_RETURN(const RecordsHead head, ParseRecordsHead(rest));
    std::vector<TestRecord> lines;
    for (size_t i = 0; i < block.body.size(); ++i) {
      auto record = ParseRecord(head, block.body[i]);
      if (!record.ok()) return std::move(record).error().Context(StrCat("line ", block.line + 1 + i));
      lines.push_back(std::move(record).value());
    }
    if (lines.empty()) return Wrong("no records");
    records_ += lines.size() * static_cast<size_t>(head.repeat);
    if (records_ > kRecordsMax) return Wrong(StrCat("more than ", kRecordsMax, " records"));
    TAILRACE_TRY(Start(lines.front().time));
    std::vector<TestRecord> records;
    for (int64_t number = 1; number <= head.repeat; ++number) {
      for (const TestRecord& line : lines) {
        records.push_back(line);
        if (head.repeat == 1) continue;
        records.back().time += head.every * (number - 1);
        records.back().data = WithNumber(line.data, number);
        records.back().partition_key = WithNumber(line.partition_key, number);
      }
    }
    previous_ = records.back().time;
    return world_->Feed(head.input, records);
  }

  Result<TestRecord> ParseRecord(const RecordsHead& head, std::string_view line) {
    const size_t tab = line.find('\t');
    if (tab == std::string_view::npos) return Wrong("a record's line is its time, a tab, and its bytes");
    TAILRACE_ASSIGN_OR_RETURN(const Timestamp time, ParseTestTime(line.substr(0, tab), previous_));
    previous_ = time;
    line.remove_prefix(tab + 1);
    TestRecord record{.time = time, .partition_key = "key", .data = {}};
    if (head.key) {
      const size_t end = line.find('\t');
      if (end == std::string_view::npos) return Wrong("with `key`, a record's line is its time, its key and its bytes");
      record.partition_key = line.substr(0, end);
      line.remove_prefix(end + 1);
    }
    record.data = line;
    if (head.escaped) {
      TAILRACE_ASSIGN_OR_RETURN(record.data, UnescapeRecord(line));
    }
    return record;
  }

  Status Advance(std::string_view text) {
    TAILRACE_ASSIGN_OR_RETURN(const Timestamp time, ParseTestTime(text, previous_));
    TAILRACE_TRY(Start(time));
    previous_ = time;
    return world_->AdvanceTo(time);
  }

  template <typename Take>
  Status Compare(const engine::SqlTestBlock& block, std::string_view name, Take take) {
    if (world_ == nullptr) return Wrong("nothing has happened yet: begin with clock or records");
    constexpr std::string_view kRowSort = "rowsort";
    const bool sorted = name == kRowSort || name.ends_with(" rowsort");
    if (sorted) name = Trim(name.substr(0, name.size() - kRowSort.size()));
    constexpr std::string_view kContaining = " containing ";
    const size_t containing = name.find(kContaining);
    const std::string_view part = containing == name.npos ? "" : name.substr(containing + kContaining.size());
    const std::string taken(name.substr(0, containing));
    if (block.head.starts_with("emitted") && !world_->Observes(taken)) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(std::vector<std::string> found, take(*world_, taken));
    std::erase_if(found, [part](const std::string& row) { return row.find(part) == std::string::npos; });
    std::vector<std::string> expected = block.result;
    if (sorted) {
      std::ranges::sort(found);
      std::ranges::sort(expected);
    }
    if (!block.body.empty()) return Wrong("what is expected stands under a line ----");
    if (found != expected) failures_.push_back(block.Failure(std::move(expected), std::move(found)));
    return Ok();
  }

  Disk& disk_;
  const engine::SqlTestFile& file_;
  const Definition& definition_;
  const std::string& folder_;
  const TestMode& mode_;
  std::unique_ptr<TestWorld> world_;
  std::optional<Timestamp> previous_;
  size_t records_ = 0;
  std::vector<engine::SqlTestFailure> failures_;
};

}  // namespace

Result<Timestamp> ParseTestTime(std::string_view text, std::optional<Timestamp> previous) {
  if (text.starts_with('+')) {
    if (!previous.has_value()) return Wrong(StrCat("'", text, "' is relative, and there is no time before it"));
    TAILRACE_ASSIGN_OR_RETURN(const Milliseconds span, ParseSpan(text.substr(1)));
    return *previous + span;
  }
  TAILRACE_ASSIGN_OR_RETURN(const int64_t unix_ms, engine::ParseSqlTestTime(text));
  return FromUnixMs(unix_ms);
}

Result<std::vector<std::string>> FindTestFiles(Disk& disk, const ApplicationConfig& config) {
  const std::string folder = config.folder + "/tests";
  std::vector<std::string> files;
  const auto names = disk.List(folder);
  if (!names.ok()) {
    if (names.error().code == ErrorCode::kNotFound) return files;
    return names.error();
  }
  for (const std::string& name : *names) {
    if (name.ends_with(".slt")) files.push_back(StrCat(folder, "/", name));
  }
  return files;
}

std::vector<engine::SqlTestFailure> RunTest(Disk& disk, const engine::SqlTestFile& file, const Definition& definition,
                                            const std::string& folder, const TestMode& mode) {
  return TestRun(disk, file, definition, folder, mode).Run();
}

}  // namespace tailrace::app
