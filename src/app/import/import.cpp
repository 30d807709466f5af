#include "app/import/import.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "app/import/document.h"
#include "app/import/folder_texts.h"
#include "app/import/sql_sources.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

namespace json = boost::json;

// "folder/orders.yaml": "folder/", "orders.yaml", "orders".
struct FileParts {
  std::string folder;
  std::string name;
  std::string stem;
};
FileParts PartsOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  FileParts parts;
  parts.folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  parts.name = path.substr(parts.folder.size());
  parts.stem = parts.name.substr(0, parts.name.rfind('.'));
  return parts;
}

// The document's text as applications, whatever kind of document it is.
Result<ServiceDocument> ReadDocument(Disk& disk, const ImportRequest& request, const FileParts& parts,
                                     const std::string& text) {
  if (parts.name.ends_with(".tf")) {
    const auto read = [&](const std::string& path) { return ReadFile(disk, parts.folder + path); };
    return ReadTerraform(text, request.parameters, read);
  }
  const bool is_json = Trim(text).starts_with('{') || Trim(text).starts_with('[');
  TAILRACE_ASSIGN_OR_RETURN(const json::value document, is_json ? ParseJsonDocument(text) : ParseYamlDocument(text));
  if (Find(document, {"Resources"}) != nullptr) return ReadCloudFormation(document, parts.stem, request.parameters);
  const json::value* const detail = Find(document, {"ApplicationDetail"});
  const json::value& application = detail != nullptr ? *detail : document;
  const bool described = std::ranges::any_of(
      std::initializer_list<std::string_view>{"ApplicationName", "ApplicationCode", "Inputs", "InputDescriptions"},
      [&](std::string_view member) { return Find(application, {member}) != nullptr; });
  if (!described) {
    return Error{ErrorCode::kInvalidArgument,
                 "neither a template (it has no Resources) nor a description of an application (no ApplicationDetail)"};
  }
  const std::string runtime = TextAt(application, {"RuntimeEnvironment"});
  if (!runtime.empty() && !runtime.starts_with("SQL")) {
    return Error{ErrorCode::kUnsupported, StrCat("RuntimeEnvironment: ", runtime, " is not SQL")};
  }
  ServiceDocument result;
  result.applications.push_back({detail != nullptr ? "ApplicationDetail" : "application", application});
  return result;
}

// The application that is meant.
Result<ServiceApplication> Choose(const ServiceDocument& document, const std::string& name) {
  if (document.applications.empty()) {
    return Error{ErrorCode::kInvalidArgument, "holds no application of SQL"};
  }
  if (document.applications.size() == 1) return document.applications.front();
  std::vector<std::string> names;
  for (const ServiceApplication& application : document.applications) {
    names.push_back(TextAt(application.value, {"ApplicationName"}));
    if (names.back() == name) return application;
  }
  return Error{ErrorCode::kInvalidArgument,
               StrCat("holds ", names.size(), " applications; choose with --name one of ", Join(names, ", "))};
}

Result<ImportedApplication> ReadApplication(Disk& disk, const ImportRequest& request, const std::string& text,
                                            ImportNotes& notes) {
  const FileParts parts = PartsOf(request.file);
  ImportedApplication application;
  if (parts.name.ends_with(".sql")) {
    application.sql = text;
    notes.Translated("SQL program -> application.sql");
    InferSources(application, notes);
  } else {
    TAILRACE_ASSIGN_OR_RETURN(ServiceDocument document, ReadDocument(disk, request, parts, text));
    TAILRACE_ASSIGN_OR_RETURN(const ServiceApplication chosen, Choose(document, request.name));
    notes = std::move(document.notes);
    TAILRACE_ASSIGN_OR_RETURN(application,
                              TranslateApplication(chosen, document.streams, document.delivery_streams, notes));
  }
  if (!request.name.empty()) application.name = request.name;
  if (application.name.empty()) application.name = parts.stem;
  application.name = NameOfResource(application.name);
  return application;
}

size_t Errors(const sql::CompileResult& compiled) {
  return static_cast<size_t>(
      std::ranges::count(compiled.diagnostics, sql::Severity::kError, &sql::Diagnostic::severity));
}

// Accepts by sql_options what the service accepted, as far as that cures errors.
void SetOptions(ImportedApplication& application, ImportNotes& notes) {
  struct Option {
    bool sql::CompileOptions::* member;
    std::string_view name;
  };
  static constexpr Option kOptions[] = {
      {&sql::CompileOptions::lenient_interval_precision, "lenient_interval_precision"},
      {&sql::CompileOptions::concat_accepts_numbers, "concat_accepts_numbers"}};
  for (const Option& option : kOptions) {
    const size_t before = Errors(sql::Compile(CompileInputOf(application)));
    if (before == 0) return;
    application.sql_options.*option.member = true;
    if (Errors(sql::Compile(CompileInputOf(application))) < before) {
      notes.Translated(StrCat("the program needs sql_options ", option.name));
    } else {
      application.sql_options.*option.member = false;
    }
  }
}

// Repairs what is certain, notes what is left, and drops outputs of streams that the program does not make.
void CheckProgram(ImportedApplication& application, ImportNotes& notes) {
  SetOptions(application, notes);
  sql::CompileResult compiled = sql::Compile(CompileInputOf(application));
  if (Errors(compiled) > 0) {
    const std::string repaired = sql::ApplyFixes(application.sql, compiled.diagnostics);
    ImportedApplication attempt = application;
    attempt.sql = repaired;
    sql::CompileResult again = sql::Compile(CompileInputOf(attempt));
    if (repaired != application.sql && Errors(again) < Errors(compiled)) {
      for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
        if (diagnostic.fixes.empty()) continue;
        notes.Approximated(
            StrCat("repaired in application.sql: ", sql::Format(diagnostic, "application.sql", application.sql)));
      }
      application.sql = repaired;
      compiled = sql::Compile(CompileInputOf(application));
    }
  }
  for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
    const std::string line = sql::Format(diagnostic, "application.sql", application.sql);
    if (diagnostic.severity == sql::Severity::kError) {
      notes.NotPossible(StrCat("to be mended: ", line));
    } else {
      notes.Approximated(line);
    }
  }
  if (Errors(compiled) > 0) return;
  std::erase_if(application.outputs, [&](ImportedOutput& output) {
    if (compiled.program.FindStream(output.from) >= 0) return false;
    notes.NotPossible(StrCat("output ", output.from, " is left out: the program makes no stream of that name"));
    return true;
  });
}

bool IsEmptyFolder(Disk& disk, const std::string& folder) {
  const auto names = disk.List(folder);
  return !names.ok() ? !Exists(disk, folder) : names->empty();
}

Status Write(Disk& disk, const std::string& folder, const ImportedApplication& application, const ImportNotes& notes,
             const std::string& source, bool force) {
  if (!force && !IsEmptyFolder(disk, folder)) {
    return Error{ErrorCode::kAlreadyExists,
                 StrCat(folder, " is not an empty folder; name another with --output, or give --force")};
  }
  TAILRACE_TRY(MakeDirectoriesDurably(disk, folder));
  for (const ImportedTable& table : application.tables) {
    // Rows that somebody has filled in stay.
    const std::string path = StrCat(folder, "/", table.file);
    if (!Exists(disk, path)) TAILRACE_TRY(WriteFileAtomically(disk, path, HeaderText(table)));
  }
  TAILRACE_TRY(WriteFileAtomically(disk, folder + "/application.sql",
                                   application.sql.ends_with('\n') ? application.sql : application.sql + "\n"));
  TAILRACE_TRY(WriteFileAtomically(disk, folder + "/tailrace.yaml", DefinitionText(application, source)));
  return WriteFileAtomically(disk, folder + "/REPORT.md", ReportText(application, notes, source));
}

// "3:1: message" continues the file's name, "path: message" is told apart from it; one line a fault.
Error InFile(Error error, const std::string& file) {
  std::string message;
  for (const std::string_view line : Split(error.message, '\n')) {
    const bool place = line.find_first_not_of("0123456789") == line.find(':') && !line.starts_with(':');
    message += StrCat(message.empty() ? "" : "\n", file, place ? ":" : ": ", line);
  }
  return {error.code, std::move(message)};
}

}  // namespace

Result<ImportResult> Import(Disk& disk, const ImportRequest& request) {
  TAILRACE_ASSIGN_OR_RETURN(const FileInfo info, disk.Stat(request.file));
  if (info.is_directory) return Error{ErrorCode::kInvalidArgument, StrCat(request.file, ": is a folder; name a file")};
  if (info.size_bytes > kImportBytesMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat(request.file, ": ", FormatBytes(info.size_bytes), ", max ", FormatBytes(kImportBytesMax))};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string text, ReadFile(disk, request.file));
  ImportNotes notes;
  auto application = ReadApplication(disk, request, text, notes);
  if (!application.ok()) return InFile(std::move(application).error(), request.file);
  CheckProgram(*application, notes);
  ImportResult result{.folder = request.folder.empty() ? application->name : request.folder};
  while (result.folder.size() > 1 && result.folder.ends_with('/')) result.folder.pop_back();
  TAILRACE_TRY(Write(disk, result.folder, *application, notes, PartsOf(request.file).name, request.force));
  result.notes = notes.all();
  return result;
}

}  // namespace tailrace::app
