#include "app/reloader.h"

#include <algorithm>

#include "app/running_application.h"
#include "app/runtime.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

// How long an application may read up before another takes its place. The rest is read by the new one.
constexpr std::chrono::milliseconds kReadUpLimit{1'000};
constexpr size_t kSqlBytesMax = 1 << 20;
constexpr size_t kLooksMax = 100;  // Applications of one call of ReloadChanged.

// A file system in which one file has another content.
class DiskWithText final : public Disk {
 public:
  DiskWithText(Disk& disk, std::string path, const std::string& text)
      : disk_(disk), path_(std::move(path)), text_(text) {}

  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    if (path == path_ && mode == OpenMode::kRead) return std::unique_ptr<File>(new TextFile(text_));
    return disk_.Open(path, mode);
  }
  Result<FileInfo> Stat(const std::string& path) override { return disk_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override { return disk_.List(directory); }
  Status MakeDirectories(const std::string& path) override { return disk_.MakeDirectories(path); }
  Status Remove(const std::string& path) override { return disk_.Remove(path); }
  Status Rename(const std::string& from, const std::string& to) override { return disk_.Rename(from, to); }
  Status SyncDirectory(const std::string& path) override { return disk_.SyncDirectory(path); }

 private:
  class TextFile final : public File {
   public:
    explicit TextFile(const std::string& text) : text_(text) {}
    Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
      const std::string_view rest = std::string_view(text_).substr(std::min<uint64_t>(offset, text_.size()));
      return rest.copy(into.data(), into.size());
    }
    Status WriteAt(uint64_t, std::string_view) override { return ReadOnly(); }
    Status Sync() override { return ReadOnly(); }
    Status Truncate(uint64_t) override { return ReadOnly(); }
    Result<FileInfo> Info() override { return FileInfo{.size_bytes = text_.size()}; }

   private:
    static Error ReadOnly() { return {ErrorCode::kPermissionDenied, "opened for reading"}; }
    const std::string& text_;  // Borrowed from the caller of ReplaceSql.
  };

  Disk& disk_;
  const std::string path_;
  const std::string& text_;
};

// Characters of the first line of what the diagnostic means.
uint32_t LengthOf(const sql::Diagnostic& diagnostic, std::string_view text) {
  const auto [begin, end] = diagnostic.range;
  if (begin > text.size() || end <= begin) return 0;
  const std::string_view meant = text.substr(begin, end - begin);
  return static_cast<uint32_t>(Utf8Length(meant.substr(0, meant.find_first_of("\r\n"))));
}

std::vector<std::string> PumpNames(const ApplicationStatus& status) {
  std::vector<std::string> names;
  for (const engine::PumpStats& pump : status.pumps) names.push_back(pump.name);
  return names;
}

}  // namespace

std::vector<Finding> Findings(const Definition& definition) {
  std::vector<Finding> findings;
  for (const ConfigProblem& problem : definition.problems) {
    findings.push_back({.file = problem.place.file,
                        .line = static_cast<uint32_t>(problem.place.line),
                        .column = static_cast<uint32_t>(problem.place.column),
                        .warning = problem.warning,
                        .message = problem.message,
                        .hint = problem.hint});
  }
  const std::string sql_file = ResolvePath(definition.config.folder, definition.config.sql_file);
  for (const sql::Diagnostic& diagnostic : definition.sql_diagnostics) {
    const sql::LineColumn place = sql::Locate(definition.sql_text, diagnostic.range.begin);
    findings.push_back({sql_file, place.line, place.column, LengthOf(diagnostic, definition.sql_text),
                        diagnostic.severity == sql::Severity::kWarning, diagnostic.message, diagnostic.hint});
  }
  return findings;
}

std::string Format(const Finding& finding) {
  return StrCat(finding.file, ":", finding.line, ":", finding.column, ": ", finding.warning ? "warning: " : "",
                finding.message, finding.hint.empty() ? "" : "; ", finding.hint);
}

Reloader::Stamps Reloader::StampsOf(const ApplicationConfig& config) {
  Stamps stamps;
  for (const std::string& file :
       {config.file, ResolvePath(config.folder, config.sql_file), ResolvePath(config.folder, config.agent_file)}) {
    const auto info = runtime_.environment().disk.Stat(file);
    stamps.push_back(info.ok() ? std::optional(*info) : std::nullopt);
  }
  return stamps;
}

bool Reloader::Same(const Stamps& a, const Stamps& b) {
  return std::ranges::equal(a, b, [](const auto& one, const auto& other) {
    if (!one.has_value() || !other.has_value()) return one.has_value() == other.has_value();
    return one->inode == other->inode && one->size_bytes == other->size_bytes && one->modified == other->modified;
  });
}

void Reloader::Watch(const ApplicationConfig& config) {
  const std::lock_guard lock(mutex_);
  const Stamps stamps = StampsOf(config);
  watched_[config.name] = {stamps, stamps};
}

Result<ReloadOutcome> Reloader::Reload(const std::string& application) {
  const std::lock_guard lock(mutex_);
  return ReloadFrom(runtime_.environment().disk, application);
}

Result<std::shared_ptr<RunningApplication>> Reloader::Find(const std::string& application,
                                                           const std::string& sql) const {
  if (sql.size() > kSqlBytesMax) {
    return Error{ErrorCode::kLimitExceeded, StrCat("SQL of ", sql.size(), " bytes, at most ", kSqlBytesMax)};
  }
  auto running = runtime_.FindApplication(application);
  if (running == nullptr) return Error{ErrorCode::kNotFound, StrCat("no application ", application)};
  if (!load_) return Error{ErrorCode::kUnsupported, "this process cannot read definitions again"};
  return running;
}

Result<std::vector<Finding>> Reloader::CheckSql(const std::string& application, const std::string& sql) {
  TAILRACE_ASSIGN_OR_RETURN(const auto running, Find(application, sql));
  const ApplicationConfig& config = running->application().definition().config;
  DiskWithText disk(runtime_.environment().disk, ResolvePath(config.folder, config.sql_file), sql);
  TAILRACE_ASSIGN_OR_RETURN(const Definition definition, load_(disk, config.file));
  return Findings(definition);
}

Result<ReloadOutcome> Reloader::ReplaceSql(const std::string& application, const std::string& sql) {
  const std::lock_guard lock(mutex_);
  TAILRACE_ASSIGN_OR_RETURN(const auto running, Find(application, sql));
  const ApplicationConfig& config = running->application().definition().config;
  const std::string file = ResolvePath(config.folder, config.sql_file);
  DiskWithText disk(runtime_.environment().disk, file, sql);
  TAILRACE_ASSIGN_OR_RETURN(ReloadOutcome outcome, ReloadFrom(disk, application));
  if (!outcome.reloaded) return outcome;
  auto written = WriteFileAtomically(runtime_.environment().disk, file, sql);
  if (!written.ok()) {
    return std::move(written).error().Context(
        "the SQL runs, but could not be saved: a restart would begin the old one");
  }
  watched_[application] = {StampsOf(config), StampsOf(config)};
  return outcome;
}

Result<ReloadOutcome> Reloader::ReloadFrom(Disk& disk, const std::string& application) {
  const auto running = runtime_.FindApplication(application);
  if (running == nullptr) return Error{ErrorCode::kNotFound, StrCat("no application ", application)};
  const ApplicationConfig& config = running->application().definition().config;
  // Before reading: what is written meanwhile counts as changed.
  const Stamps stamps = StampsOf(config);
  watched_[application] = {stamps, stamps};
  if (!load_) return Error{ErrorCode::kUnsupported, "this process cannot read definitions again"};
  TAILRACE_ASSIGN_OR_RETURN(Definition definition, load_(disk, config.file));
  ReloadOutcome outcome{.application = application, .findings = Findings(definition)};
  if (!definition.ok()) return outcome;
  if (definition.config.name != application) {
    outcome.findings.push_back({config.file, 1, 1, 0, false,
                                StrCat("the name ", definition.config.name, " is not that of the running application, ",
                                       application, ", whose data would be left behind"),
                                "restart the server to begin an application of another name"});
    return outcome;
  }
  TAILRACE_TRY(PutInForce(std::move(definition), outcome));
  return outcome;
}

Status Reloader::PutInForce(Definition definition, ReloadOutcome& outcome) {
  const std::vector<std::string> before =
      PumpNames(runtime_.FindApplication(outcome.application)->application().CurrentStatus());
  TAILRACE_TRY(runtime_.Replace(std::move(definition), kReadUpLimit));
  const ApplicationStatus status = runtime_.FindApplication(outcome.application)->application().CurrentStatus();
  for (const engine::PumpStats& pump : status.pumps) {
    (pump.resumed ? outcome.kept_pumps : outcome.new_pumps).push_back(pump.name);
  }
  const std::vector<std::string> after = PumpNames(status);
  for (const std::string& name : before) {
    if (std::ranges::find(after, name) == after.end()) outcome.gone_pumps.push_back(name);
  }
  outcome.reloaded = true;
  return Ok();
}

void Reloader::ReloadLogged(const std::string& application) {
  Log& log = runtime_.environment().log;
  const auto outcome = ReloadFrom(runtime_.environment().disk, application);
  if (!outcome.ok()) {
    log.Error("not reloaded", {{"app", application}, {"error", outcome.error().message}});
    return;
  }
  for (const Finding& finding : outcome->findings) {
    if (outcome->reloaded && finding.warning)
      log.Warning("definition", {{"app", application}, {"at", Format(finding)}});
    if (!finding.warning) log.Error("not reloaded", {{"app", application}, {"error", Format(finding)}});
  }
  if (!outcome->reloaded) return;
  log.Info("reloaded", {{"app", application},
                        {"kept", Join(outcome->kept_pumps, ", ")},
                        {"begun", Join(outcome->new_pumps, ", ")},
                        {"gone", Join(outcome->gone_pumps, ", ")}});
}

void Reloader::ReloadAll() {
  const std::lock_guard lock(mutex_);
  for (const auto& running : runtime_.applications()) ReloadLogged(running->name());
}

void Reloader::ReloadChanged() {
  const std::lock_guard lock(mutex_);
  const auto applications = runtime_.applications();
  const size_t looks = std::min(applications.size(), kLooksMax);
  for (size_t i = 0; i < looks; ++i) {
    const auto& running = applications[next_look_++ % applications.size()];
    Stamps now = StampsOf(running->application().definition().config);
    Watched& watched = watched_[running->name()];
    const bool settled = Same(now, watched.seen);
    watched.seen = std::move(now);
    if (!settled || Same(watched.seen, watched.loaded)) continue;
    ReloadLogged(running->name());
  }
}

}  // namespace tailrace::app
