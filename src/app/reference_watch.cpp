#include "app/reference_watch.h"

#include <algorithm>
#include <cctype>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"
#include "ingest/formats/csv_table.h"

namespace tailrace::app {
namespace {

constexpr std::string_view kMagic = "TRREFER\n";
constexpr uint32_t kVersion = 1;
constexpr Milliseconds kRetryMax{2'000};  // Of tables that the application waits for.
constexpr Milliseconds kReading{100};     // How often somebody asks whether the reader is done.

// Table names may have any characters; a name that is no plain one ends with a hash of the whole.
std::string CopyFileName(std::string_view table) {
  std::string name;
  for (const char c : table.substr(0, 100)) name += std::isalnum(static_cast<unsigned char>(c)) || c == '_' ? c : '-';
  if (name == table) return name;
  const auto hash = Sha256(table);
  return StrCat(name, ".", ToHex({reinterpret_cast<const char*>(hash.data()), size_t{8}}));
}

Result<ReferenceContent> ParseCopy(std::string_view bytes, std::string_view place) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view magic, reader.Raw(kMagic.size()));
  if (magic != kMagic) return Error{ErrorCode::kCorruption, "not a copy of an object: wrong first bytes"};
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t version, reader.U32());
  if (version != kVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("copy of version ", version, ", this program reads ", kVersion)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t size, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t checksum, reader.U32());
  if (size != reader.remaining()) {
    return Error{ErrorCode::kCorruption, StrCat("copy of ", size, " bytes has ", reader.remaining())};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view body, reader.Raw(size));
  if (Crc32c(body) != checksum) return Error{ErrorCode::kCorruption, "copy does not match its checksum"};
  ByteReader fields(body);
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view copied_place, fields.Text());
  if (copied_place != place) return Error{ErrorCode::kNotFound, StrCat("copy of ", copied_place)};
  ReferenceContent content;
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view etag, fields.Text());
  TAILRACE_ASSIGN_OR_RETURN(const std::string_view data, fields.Raw(fields.remaining()));
  content.version = etag;
  content.bytes = data;
  return content;
}

}  // namespace

ReferenceWatch::ReferenceWatch(const Definition& definition, Environment environment)
    : environment_(std::move(environment)) {
  for (size_t i = 0; i < definition.config.reference_tables.size(); ++i) {
    const ReferenceTableConfig& config = definition.config.reference_tables[i];
    Watched watched{.schema = config.schema, .refresh = config.refresh};
    ReferenceStatus status{.name = config.name, .place = ReferencePlace(config, definition.config.folder)};
    if (watched.schema.columns.empty()) {  // The types the program was compiled with.
      for (const data::Field& field : definition.program->tables[i].schema->fields) {
        watched.schema.columns.push_back({.name = field.name, .type = field.type});
      }
    }
    if (config.object.has_value()) {
      watched.source = MakeObjectReference(*config.object, environment_.net, environment_.clock);
      watched.copy_file = StrCat(environment_.folder, "/references/", CopyFileName(config.name));
    } else {
      watched.source = MakeFileReference(environment_.disk, status.place);
      watched.version = definition.table_versions[i];
      status.loaded = true;
      status.rows = definition.tables[i].rows();
      status.since = environment_.clock.Now();
    }
    const Labels labels = {{"app", definition.config.name}, {"table", config.name}};
    watched.rows = &environment_.metrics.GetGauge("tailrace_reference_table_rows", "Rows that are in force.", labels);
    watched.failing = &environment_.metrics.GetGauge("tailrace_reference_table_failing",
                                                     "1 when the file or object could not be read last.", labels);
    watched.rows->Set(static_cast<double>(status.rows));
    watched_.push_back(std::move(watched));
    status_.push_back(std::move(status));
  }
}

ReferenceWatch::~ReferenceWatch() {
  if (reading_ && environment_.reader != nullptr) environment_.reader->Wait();
}

bool ReferenceWatch::ready() const {
  return std::ranges::all_of(status_, [](const ReferenceStatus& status) { return status.loaded; });
}

Milliseconds ReferenceWatch::Interval(size_t table) const {
  const Milliseconds refresh = watched_[table].refresh;
  return status_[table].loaded ? refresh : std::min(refresh, kRetryMax);
}

std::optional<Timestamp> ReferenceWatch::NextLook(Timestamp now) const {
  if (watched_.empty()) return std::nullopt;
  if (reading_) return now + kReading;
  std::optional<Timestamp> next;
  for (size_t i = 0; i < watched_.size(); ++i) {
    const Timestamp due = watched_[i].looked.has_value() ? *watched_[i].looked + Interval(i) : now;
    next = std::min(next.value_or(due), due);
  }
  return next;
}

Status ReferenceWatch::Step(Timestamp now, const Replace& replace) {
  if (!reading_) Begin(now);
  if (!reading_ || (environment_.reader != nullptr && !environment_.reader->done())) return Ok();
  reading_ = false;
  for (Read& read : std::exchange(reads_, {})) {
    ReferenceStatus& status = status_[read.table];
    if (!read.error.empty() && read.error != status.error) {
      environment_.log.Warning(
          status.loaded || read.rows.has_value() ? "reference table not replaced" : "reference table not there yet",
          {{"table", status.name}, {"error", read.error}});
    }
    Watched& watched = watched_[read.table];
    if (read.version.empty() && read.error.empty() && watched.version_bad) continue;  // As bad as before.
    watched.version_bad = !read.version.empty() && !read.error.empty();
    if (!read.version.empty()) watched.version = std::move(read.version);
    status.error = std::move(read.error);
    watched.failing->Set(status.error.empty() ? 0 : 1);
    if (!read.rows.has_value()) continue;
    status.rows = read.rows->rows();
    watched.rows->Set(static_cast<double>(status.rows));
    status.since = now;
    TAILRACE_TRY(replace(static_cast<int>(read.table), std::move(*read.rows)));
    environment_.log.Info(status.loaded ? "reference table replaced" : "reference table loaded",
                          {{"table", status.name}, {"rows", StrCat(status.rows)}, {"from", status.place}});
    status.loaded = true;
  }
  return Ok();
}

// Begins to read the tables whose time has come.
void ReferenceWatch::Begin(Timestamp now) {
  struct Due {
    size_t table;
    std::string version;
    bool loaded;
  };
  std::vector<Due> due;
  for (size_t i = 0; i < watched_.size(); ++i) {
    Watched& watched = watched_[i];
    const bool early = watched.looked.has_value() && now >= *watched.looked && now - *watched.looked < Interval(i);
    if (early) continue;
    watched.looked = now;
    due.push_back({i, watched.version, status_[i].loaded});
  }
  if (due.empty()) return;
  reading_ = true;
  auto read = [this, due = std::move(due)] {
    for (const Due& each : due) reads_.push_back(Look(each.table, each.version, each.loaded));
  };
  if (environment_.reader != nullptr) {
    environment_.reader->Start(std::move(read));
  } else {
    read();
  }
}

ReferenceWatch::Read ReferenceWatch::Look(size_t table, const std::string& known_version, bool loaded) {
  const Watched& watched = watched_[table];
  Read read{.table = table};
  auto content = watched.source->Read(known_version);
  if (!content.ok()) {
    read.error = content.error().message;
    return loaded || watched.copy_file.empty() ? read : LookAtCopy(table, std::move(read));
  }
  if (!content->has_value()) return read;
  auto rows = ingest::ReadTable((*content)->bytes, watched.schema);
  if (!rows.ok()) {
    read.error = std::move(rows).error().Context(status_[table].place).message;
    read.version = std::move((*content)->version);
    return loaded || watched.copy_file.empty() ? read : LookAtCopy(table, std::move(read));
  }
  read.rows = std::move(rows).value();
  Keep(table, **content);
  read.version = std::move((*content)->version);
  return read;
}

// What the object had when it could last be read.
ReferenceWatch::Read ReferenceWatch::LookAtCopy(size_t table, Read failed) {
  const Watched& watched = watched_[table];
  if (!Exists(environment_.disk, watched.copy_file)) return failed;
  const auto bytes = ReadFile(environment_.disk, watched.copy_file);
  auto copy = bytes.ok() ? ParseCopy(*bytes, status_[table].place) : Result<ReferenceContent>(bytes.error());
  auto rows = copy.ok() ? ingest::ReadTable(copy->bytes, watched.schema) : Result<data::Batch>(copy.error());
  if (!rows.ok()) {
    failed.error += StrCat("; ", watched.copy_file, ": ", rows.error().message);
    return failed;
  }
  failed.error += "; the rows are those that were read last";
  failed.rows = std::move(rows).value();
  return failed;
}

void ReferenceWatch::Keep(size_t table, const ReferenceContent& content) {
  const std::string& file = watched_[table].copy_file;
  if (file.empty()) return;
  ByteWriter body;
  body.Text(status_[table].place);
  body.Text(content.version);
  body.Append(content.bytes);
  ByteWriter copy;
  copy.Append(kMagic);
  copy.U32(kVersion);
  copy.U64(body.size());
  copy.U32(Crc32c(body.bytes()));
  copy.Append(body.bytes());
  Status kept = MakeDirectoriesDurably(environment_.disk, file.substr(0, file.rfind('/')));
  if (kept.ok()) kept = WriteFileAtomically(environment_.disk, file, copy.bytes());
  // The rows in use are right all the same; a start without the bucket would wait.
  if (!kept.ok()) {
    environment_.log.Warning("no copy of a reference table kept",
                             {{"table", status_[table].name}, {"error", kept.error().message}});
  }
}

}  // namespace tailrace::app
