#include "app/definition.h"
#include "app/import/import.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--output", "FOLDER", "Where to write; a new folder named as the application when not given."},
    {"--name", "NAME", "Name of the application; chooses one when the file has several."},
    {"--parameter", "NAME=VALUE", "Value of a template's parameter or a Terraform variable.", "", false, true},
    {"--force", "", "Write into a folder that is not empty."},
};
constexpr std::string_view kExamples[] = {
    "tailrace import template.yaml --output web-analytics",
    "tailrace import main.tf --parameter stage=prod",
    "tailrace import described.json --name orders",
    "tailrace import application.sql",
};

std::string_view KindText(app::NoteKind kind) {
  switch (kind) {
    case app::NoteKind::kTranslated:
      return "translated";
    case app::NoteKind::kApproximated:
      return "approximated";
    case app::NoteKind::kNotPossible:
      return "not possible";
  }
  return "";
}

int Run(const Arguments& arguments, const Context& context) {
  app::ImportRequest request{.file = arguments.positional()[0],
                             .folder = arguments.Text("--output"),
                             .name = arguments.Text("--name"),
                             .force = arguments.Has("--force")};
  for (const std::string& parameter : arguments.List("--parameter")) {
    const size_t equals = parameter.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Fail(context, "import", StrCat("--parameter: '", parameter, "' is not NAME=VALUE"), kExitWrongUse);
    }
    request.parameters.emplace_back(parameter.substr(0, equals), parameter.substr(equals + 1));
  }
  const auto result = app::Import(context.disk, request);
  if (!result.ok()) return Fail(context, "import", result.error().message);
  size_t counts[3] = {};
  for (const app::ImportNote& note : result->notes) {
    ++counts[static_cast<size_t>(note.kind)];
    if (note.kind != app::NoteKind::kTranslated) {
      context.PrintError(StrCat(KindText(note.kind), ": ", note.text, "\n"));
    }
  }
  context.Print(StrCat(result->folder, ": ", counts[0], " translated, ", counts[1], " approximated, ", counts[2],
                       " not possible; see ", result->folder, "/REPORT.md\n"));
  ApplicationSources sources(context.disk);
  const auto definition = app::LoadDefinition(context.disk, result->folder, sources);
  if (!definition.ok()) return Fail(context, "import", definition.error().message);
  if (!definition->ok()) {
    return Fail(context, "import",
                StrCat("the application needs a hand before it runs: tailrace check ", result->folder));
  }
  return kExitDone;
}

}  // namespace

const Verb kImportVerb = {
    .name = "import",
    .summary = "Make an application from one of Kinesis Data Analytics for SQL",
    .description =
        "Reads a CloudFormation template (JSON or YAML), the answer of describe-application (either version), a "
        "Terraform file (.tf) or a SQL program (.sql), and writes a folder with tailrace.yaml, application.sql and "
        "REPORT.md, which says line by line what was translated, approximated or not possible. Exits 1 when the "
        "application needs a hand before it runs.",
    .options = kOptions,
    .positional = {"FILE", "Template, description, Terraform file or SQL program", 1, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
