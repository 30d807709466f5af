#include "app/backup.h"

#include "base/os/stderr_log.h"
#include "base/str.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--data", "FOLDER", "The data folder.", "tailrace-data"},
    {"--verbose", "", "Log what was copied again."},
};
constexpr std::string_view kBackupExamples[] = {"tailrace backup /backup/monday --data /var/lib/tailrace"};
constexpr std::string_view kRestoreExamples[] = {"tailrace restore /backup/monday --data /var/lib/tailrace"};

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

int Run(std::string_view verb, const Arguments& arguments, const Context& context,
        Result<app::BackupSummary> (*copy)(const std::string&, const std::string&, const app::BackupEnvironment&),
        const std::string& from, const std::string& to) {
  const auto log =
      MakeStderrLog({.level = arguments.Has("--verbose") ? LogLevel::kDebug : LogLevel::kInfo}, context.clock);
  const auto done = copy(from, to, {context.disk, context.clock, *log});
  if (!done.ok()) return Fail(context, verb, done.error().message);
  context.Print(StrCat(to, ": ", done->files, " files, ", FormatBytes(done->bytes), "\n"));
  return kExitDone;
}

int RunBackup(const Arguments& arguments, const Context& context) {
  return Run("backup", arguments, context, app::MakeBackup, WithoutSlash(arguments.Text("--data")),
             WithoutSlash(arguments.positional()[0]));
}

int RunRestore(const Arguments& arguments, const Context& context) {
  return Run("restore", arguments, context, app::RestoreBackup, WithoutSlash(arguments.positional()[0]),
             WithoutSlash(arguments.Text("--data")));
}

}  // namespace

const Verb kBackupVerb = {
    .name = "backup",
    .summary = "Copy a data folder, also while a program runs on it",
    .description =
        "The copy is as after a kill at some moment of the copying: what was acknowledged before is in it, and "
        "streams, "
        "tables, checkpoints and alarms agree. It is opened once, and a list with the checksum of every file is "
        "written.",
    .options = kOptions,
    .positional = {"FOLDER", "Folder for the copy; must not be there yet", 1, 1},
    .examples = kBackupExamples,
    .run = RunBackup,
};

const Verb kRestoreVerb = {
    .name = "restore",
    .summary = "Make a data folder from a backup",
    .description = "Every file is compared with the backup's list. The data folder is there whole or not at all.",
    .options = kOptions,
    .positional = {"BACKUP", "Folder that 'tailrace backup' wrote", 1, 1},
    .examples = kRestoreExamples,
    .run = RunRestore,
};

}  // namespace tailrace::cli
