#include "engine/error_stream.h"

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "base/str.h"
#include "engine/operator.h"
#include "engine/state.h"
#include "sql/plan.h"

namespace tailrace::engine {
namespace {

constexpr size_t kRecordsEach = 16;  // An error has its row's text.

// ERROR_TIME is the row's own time, so that a replay gives the same rows.
void AppendRow(std::vector<std::shared_ptr<data::Column>>& columns, int64_t rowtime, const RowError& error) {
  const data::Schema& schema = sql::ErrorStreamSchema();
  const auto text = [&](size_t column, std::string_view value) {
    const auto chars = static_cast<size_t>(schema.fields[column].type.precision);
    columns[column]->AppendText(Utf8Prefix(value, chars));
  };
  columns[0]->AppendInt64(rowtime);
  text(1, "ERROR");
  text(2, error.name);
  text(3, error.message);
  columns[4]->AppendInt64(error.rowtime_unix_ms);
  const auto hex_max = static_cast<size_t>(schema.fields[5].type.precision);
  columns[5]->AppendText(ToHex(std::string_view(error.row_bytes).substr(0, hex_max / 2)));
  text(6, error.pump);
}

}  // namespace

void ErrorStream::Add(Origin origin, RowError error) {
  const int64_t rowtime = std::max(error.rowtime_unix_ms, released_);
  waiting_.insert({.rowtime = rowtime, .origin = origin, .number = next_number_++, .error = std::move(error)});
}

data::Batch ErrorStream::TakeBefore(int64_t bound) {
  std::vector<std::shared_ptr<data::Column>> columns;
  for (const data::Field& field : sql::ErrorStreamSchema().fields) {
    columns.push_back(std::make_shared<data::Column>(field.type));
  }
  auto rowtimes = std::make_shared<data::Column>(data::Type::Timestamp());
  while (!waiting_.empty() && waiting_.begin()->rowtime < bound) {
    const Waiting& first = *waiting_.begin();
    rowtimes->AppendInt64(first.rowtime);
    AppendRow(columns, first.rowtime, first.error);
    released_ = first.rowtime;
    if (first.number < cut_limit_) {
      if (const auto cut = cut_.lock()) cut->BeforePopFront();
    }
    waiting_.erase(waiting_.begin());
  }
  return {.rowtimes = std::move(rowtimes), .columns = {columns.begin(), columns.end()}};
}

std::optional<int64_t> ErrorStream::Deadline() const {
  return waiting_.empty() ? std::nullopt : std::optional(AddTime(waiting_.begin()->rowtime, 1));
}

void ErrorStream::Save(ByteWriter& writer) const {
  writer.I64(released_);
  writer.U64(next_number_);
  writer.U64(waiting_.size());
  // Later errors may come to lie between those that are saved, so each is found by the one before it.
  const auto write = [this, limit = next_number_,
                      last = Waiting{.rowtime = INT64_MIN, .origin = {}, .number = 0, .error = {}}](
                         size_t, ByteWriter& out) mutable {
    auto next = waiting_.upper_bound(last);
    while (next->number >= limit) ++next;
    last = {.rowtime = next->rowtime, .origin = next->origin, .number = next->number, .error = {}};
    SaveOne(*next, out);
  };
  cut_ = SaveQueue(writer, waiting_.size(), write, kRecordsEach);
  cut_limit_ = next_number_;
}

void ErrorStream::SaveOne(const Waiting& waiting, ByteWriter& writer) {
  writer.I64(waiting.rowtime);
  writer.U64(waiting.origin.pump);
  writer.U64(waiting.origin.stage);
  writer.U64(waiting.number);
  writer.Text(waiting.error.name);
  writer.Text(waiting.error.message);
  writer.Text(waiting.error.row_bytes);
  writer.I64(waiting.error.rowtime_unix_ms);
  writer.Text(waiting.error.pump);
}

Status ErrorStream::Load(ByteReader& reader) {
  waiting_.clear();
  TAILRACE_ASSIGN_OR_RETURN(released_, reader.I64());
  TAILRACE_ASSIGN_OR_RETURN(next_number_, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t count, LoadCount(reader, 32));
  for (size_t i = 0; i < count; ++i) {
    Waiting waiting{};
    TAILRACE_ASSIGN_OR_RETURN(waiting.rowtime, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(waiting.origin.pump, reader.U64());
    TAILRACE_ASSIGN_OR_RETURN(waiting.origin.stage, reader.U64());
    TAILRACE_ASSIGN_OR_RETURN(waiting.number, reader.U64());
    for (std::string* text : {&waiting.error.name, &waiting.error.message, &waiting.error.row_bytes}) {
      TAILRACE_ASSIGN_OR_RETURN(const std::string_view value, reader.Text());
      *text = value;
    }
    TAILRACE_ASSIGN_OR_RETURN(waiting.error.rowtime_unix_ms, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(const std::string_view pump, reader.Text());
    waiting.error.pump = pump;
    waiting_.insert(std::move(waiting));
  }
  return Ok();
}

}  // namespace tailrace::engine
