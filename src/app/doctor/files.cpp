#include <algorithm>

#include "app/doctor/doctor.h"
#include "base/os/probe.h"
#include "base/str.h"
#include "ingest/agent/agent_config.h"
#include "ingest/agent/glob.h"

namespace tailrace::app {
namespace {

constexpr size_t kLogFilesMax = 100;

// The first problem; the others are for `tailrace check`.
Result<std::string> CheckDefinition(const Definition& definition) {
  for (const ConfigProblem& problem : definition.problems) {
    if (!problem.warning) return Error{ErrorCode::kInvalidArgument, Format(problem)};
  }
  return definition.config.file;
}

Result<std::string> CheckSql(const Definition& definition) {
  const std::string file = ResolvePath(definition.config.folder, definition.config.sql_file);
  for (const sql::Diagnostic& diagnostic : definition.sql_diagnostics) {
    if (diagnostic.severity == sql::Severity::kError) {
      return Error{ErrorCode::kInvalidArgument, sql::Format(diagnostic, file, definition.sql_text)};
    }
  }
  if (definition.program == nullptr) return Error{ErrorCode::kInvalidArgument, StrCat(file, " was not compiled")};
  return StrCat(file, ", ", definition.program->streams.size(), " streams");
}

Result<std::string> CheckLogs(Disk& disk, const ingest::FlowConfig& flow) {
  const std::string folder = ingest::FixedFolder(flow.file_pattern);
  TAILRACE_TRY(disk.List(folder));
  const ingest::GlobResult found = ingest::FindFiles(disk, flow.file_pattern, kLogFilesMax);
  if (!found.failures.empty()) return found.failures.front().second;
  for (const ingest::FoundFile& file : found.files) TAILRACE_TRY(disk.Open(file.path, OpenMode::kRead));
  if (found.files.empty()) return StrCat("no file yet in ", folder, ", which can be read");
  return StrCat(found.files.size(), found.cut ? " and more" : "", found.files.size() == 1 ? " file" : " files",
                " can be read");
}

std::string FolderOfPath(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void ExamineWritten(std::string dependency, const std::string& path, Disk& disk, Examination& examination) {
  examination.Begin(std::move(dependency));
  examination.Step("write",
                   StrCat("Give ", FolderOfPath(path), " to the user that runs tailrace, or name another path."),
                   [&]() -> Result<std::string> {
                     if (Exists(disk, path)) {
                       TAILRACE_TRY(disk.Open(path, OpenMode::kReadWrite));
                       return path;
                     }
                     return CheckFolderWritable(disk, FolderOfPath(path));
                   });
}

}  // namespace

void ExamineFiles(const Definition& definition, const DoctorOptions& options, const DoctorEnvironment& environment,
                  Examination& examination) {
  const ApplicationConfig& config = definition.config;
  Disk& disk = environment.disk;
  examination.Begin("application " + config.name);
  const bool readable =
      examination.Step("definition", StrCat("Correct the file; tailrace check ", config.folder, " lists everything."),
                       [&] { return CheckDefinition(definition); });
  if (!readable) return;
  examination.Step("SQL", StrCat("Correct the program; tailrace check ", config.folder, " lists everything."),
                   [&] { return CheckSql(definition); });

  if (!config.agent_file.empty()) {
    const ingest::LoadedAgentConfig agent =
        ingest::LoadAgentConfig(disk, ResolvePath(config.folder, config.agent_file), "");
    for (const ingest::FlowConfig& flow : agent.config.flows) {
      examination.Begin("logs " + flow.file_pattern);
      examination.Step("read",
                       "Correct filePattern in the agent's file, make the folder, or let the user that runs tailrace "
                       "read it (usermod -aG adm).",
                       [&] { return CheckLogs(disk, flow); });
    }
  }
  const std::string data = StrCat(options.data_folder, "/apps/", config.name);
  for (const OutputConfig& output : config.outputs) {
    if (const auto* const to = std::get_if<FileOutput>(&output.to)) {
      ExamineWritten("output " + output.Name(), ResolvePath(data, to->path), disk, examination);
    }
  }
  for (const TargetEntry& entry : config.targets) {
    const std::string name = "target " + entry.target.name;
    if (const auto* const file = std::get_if<alarm::FileTarget>(&entry.target.kind)) {
      ExamineWritten(name, ResolvePath(data, file->path), disk, examination);
    } else if (const auto* const sqlite = std::get_if<alarm::SqliteHistoryTarget>(&entry.target.kind)) {
      ExamineWritten(name, ResolvePath(data, sqlite->path.empty() ? "history.sqlite" : sqlite->path), disk,
                     examination);
    } else if (const auto* const program = std::get_if<alarm::ExecTarget>(&entry.target.kind)) {
      examination.Begin(name);
      examination.Step("program", "Install the program, make it executable, or correct the target's command.",
                       [&]() -> Result<std::string> {
                         if (program->argv.empty()) return Error{ErrorCode::kInvalidArgument, "no command"};
                         return FindProgram(program->argv.front());
                       });
    }
  }
}

}  // namespace tailrace::app
