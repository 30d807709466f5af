#include "app/archived_records.h"

#include <algorithm>

#include "app/query/time_column.h"
#include "base/str.h"
#include "ingest/formats/builtin.h"

namespace tailrace::app {
namespace {

constexpr size_t kArchiveFilesMax = 1'000'000;
constexpr int kFolderDepthMax = 32;

// Files below `path` in the order of their paths; a file itself.
Status CollectFiles(Disk& disk, const std::string& path, int depth, std::vector<std::string>& files) {
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk.Stat(path));
  if (!info.is_directory) {
    files.push_back(path);
    if (files.size() > kArchiveFilesMax) {
      return Error{ErrorCode::kLimitExceeded, StrCat("more than ", kArchiveFilesMax, " files")};
    }
    return Ok();
  }
  if (depth == kFolderDepthMax) {
    return Error{ErrorCode::kLimitExceeded, StrCat(path, ": more than ", kFolderDepthMax, " levels of folders")};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(path));
  for (const std::string& name : names) {
    if (!name.starts_with('.')) TAILRACE_TRY(CollectFiles(disk, StrCat(path, "/", name), depth + 1, files));
  }
  return Ok();
}

Result<size_t> FindTimeColumn(const InputConfig& input, const std::string& wanted) {
  const std::vector<ingest::InputColumn>& columns = input.schema.columns;
  if (!wanted.empty()) {
    const auto found = std::ranges::find(columns, wanted, &ingest::InputColumn::name);
    if (found != columns.end() && CanBeTime(found->type)) return static_cast<size_t>(found - columns.begin());
    std::vector<std::string> names;
    for (const ingest::InputColumn& column : columns) names.push_back(column.name);
    const auto nearest = NearestName(wanted, names);
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("input ", input.prefix, " has no column ", wanted, " that can be a time",
                        nearest.has_value() ? StrCat("; did you mean ", *nearest, "?")
                                            : StrCat("; it has ", Join(names, ", ")))};
  }
  const auto timestamp =
      std::ranges::find_if(columns, [](const auto& column) { return column.type.kind == data::TypeKind::kTimestamp; });
  if (timestamp != columns.end()) return static_cast<size_t>(timestamp - columns.begin());
  return Error{ErrorCode::kInvalidArgument,
               StrCat("input ", input.prefix, " has no TIMESTAMP column; say with --time which column has the time")};
}

}  // namespace

Result<std::unique_ptr<ArchivedRecords>> ArchivedRecords::Open(Disk& disk, const std::vector<InputConfig>& inputs,
                                                               const std::vector<NamedFile>& archives,
                                                               const std::string& time_column, Timestamp from) {
  std::unique_ptr<ArchivedRecords> records(new ArchivedRecords);
  records->from_unix_ms_ = ToUnixMs(from);
  std::vector<std::vector<std::string>> files(inputs.size());
  for (const NamedFile& archive : archives) {
    const auto input = std::ranges::find_if(
        inputs, [&](const InputConfig& each) { return each.prefix == archive.name || each.stream == archive.name; });
    if (input == inputs.end()) {
      std::vector<std::string> names;
      for (const InputConfig& each : inputs) names.push_back(each.prefix);
      return Error{ErrorCode::kNotFound, StrCat("there is no input ", archive.name, "; inputs: ", Join(names, ", "))};
    }
    TAILRACE_TRY(CollectFiles(disk, archive.path, 0, files[static_cast<size_t>(input - inputs.begin())]));
  }
  for (size_t source = 0; source < inputs.size(); ++source) {
    if (files[source].empty()) continue;
    Archive archive{.source = static_cast<int>(source)};
    TAILRACE_ASSIGN_OR_RETURN(archive.time_column, FindTimeColumn(inputs[source], time_column));
    TAILRACE_ASSIGN_OR_RETURN(archive.decoder, ingest::MakeDecoder(inputs[source].schema));
    archive.reader =
        std::make_unique<LineReader>(disk, std::move(files[source]), LineReader::ReadInput(), LineReader::Options());
    TAILRACE_ASSIGN_OR_RETURN(archive.bytes_total, archive.reader->BytesTotal());
    records->archives_.push_back(std::move(archive));
  }
  return records;
}

// Whether there is a record to give.
Result<bool> ArchivedRecords::Fill(Archive& archive) {
  while (archive.next == archive.records.size()) {
    TAILRACE_ASSIGN_OR_RETURN(std::optional<Lines> lines, archive.reader->Next());
    if (!lines.has_value()) return false;
    archive.lines = std::move(*lines);
    archive.records.clear();
    archive.next = 0;
    for (std::string_view line : Split(archive.lines.text, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) archive.records.push_back({.data = line});
    }
    const ingest::Decoded decoded = archive.decoder->Decode(archive.records);
    const std::vector<int64_t> times = TimesOf(*decoded.batch.columns[archive.time_column], archive.last_unix_ms);
    size_t row = 0;
    for (uint32_t record = 0; record < archive.records.size(); ++record) {
      while (row < times.size() && decoded.record_of_row[row] < record) ++row;
      int64_t time = archive.last_unix_ms;
      if (row < times.size() && decoded.record_of_row[row] == record) time = times[row];
      if (time < archive.last_unix_ms) {
        ++out_of_order_;
        out_of_order_ms_max_ = std::max(out_of_order_ms_max_, archive.last_unix_ms - time);
        time = archive.last_unix_ms;
      }
      archive.last_unix_ms = time;
      archive.records[record].arrival_unix_ms = time;
      archive.records[record].sequence = archive.sequence++;
    }
    std::erase_if(archive.records, [&](const data::Record& each) { return each.arrival_unix_ms < from_unix_ms_; });
  }
  return true;
}

Result<std::vector<MergedRecords>> ArchivedRecords::Next(size_t records_max) {
  std::vector<MergedRecords> streams;
  std::vector<Archive*> going;
  for (Archive& archive : archives_) {
    TAILRACE_ASSIGN_OR_RETURN(const bool more, Fill(archive));
    if (more) going.push_back(&archive);
  }
  if (going.empty()) return streams;
  const auto time = [](const Archive* archive) { return archive->records[archive->next].arrival_unix_ms; };
  for (size_t count = 0; count < records_max; ++count) {
    Archive& first = **std::ranges::min_element(going, {}, time);  // Of equals, the one that was given first.
    RecordsOf(streams, first.source, 0).records.push_back(first.records[first.next++]);
    if (first.next == first.records.size()) break;  // What follows is not read yet.
  }
  return streams;
}

double ArchivedRecords::share() const {
  uint64_t read = 0;
  uint64_t total = 0;
  for (const Archive& archive : archives_) {
    read += archive.reader->bytes_read();
    total += archive.bytes_total;
  }
  return total == 0 ? 1 : static_cast<double>(read) / static_cast<double>(total);
}

std::string ArchivedRecords::note() const {
  if (out_of_order_ == 0) return "";
  return StrCat(out_of_order_, " records were up to ", out_of_order_ms_max_, " ms out of order and count as later");
}

}  // namespace tailrace::app
