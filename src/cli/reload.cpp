#include <boost/json.hpp>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

constexpr OptionSpec kOptions[] = {
    kServerOption,
    {"--sql", "FILE", "Put this file's text into the application's SQL file first; refused whole when it has errors."},
    {"--json", "", "Print the server's answer."},
};
constexpr std::string_view kExamples[] = {
    "tailrace reload order-flood",
    "tailrace reload order-flood --sql edited.sql",
};

std::string Names(const json::value& answer, std::string_view name) {
  std::vector<std::string> names;
  for (const json::value& each : answer.at(name).as_array()) names.emplace_back(each.as_string());
  return names.empty() ? "none" : Join(names, ", ");
}

int Run(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  std::string application;
  if (arguments.positional().empty()) {
    auto only = client.Application(arguments);
    if (!only.ok()) return Fail(context, "reload", only.error().message);
    application = std::move(only).value();
  } else {
    application = arguments.positional()[0];
  }
  const std::string path = StrCat("/api/apps/", PercentEncode(application));
  Result<json::value> answer = json::value();
  if (arguments.Has("--sql")) {
    const auto sql = ReadFile(context.disk, arguments.Text("--sql"));
    if (!sql.ok()) return Fail(context, "reload", sql.error().message, kExitWrongUse);
    answer = client.Put(path + "/sql", *sql);
  } else {
    answer = client.Post(path + "/reload", "");
  }
  if (!answer.ok()) {
    const bool configuration = answer.error().code == ErrorCode::kInvalidArgument;
    return Fail(context, "reload", answer.error().message, configuration ? kExitBadConfiguration : kExitFailed);
  }
  if (arguments.Has("--json")) {
    context.Print(json::serialize(*answer) + "\n");
    return kExitDone;
  }
  for (const json::value& finding : answer->at("findings").as_array()) {
    context.PrintError(StrCat(PlainText(finding.at("file")), ":", PlainText(finding.at("line")), ":",
                              PlainText(finding.at("column")), ": warning: ", PlainText(finding.at("message")), "\n"));
  }
  context.Print(StrCat(application, " runs the new definition\n  go on with their state: ", Names(*answer, "kept"),
                       "\n  begin now: ", Names(*answer, "begun"), "\n  ended: ", Names(*answer, "gone"), "\n"));
  return kExitDone;
}

}  // namespace

const Verb kReloadVerb = {
    .name = "reload",
    .summary = "Put an application's changed files into force while it runs",
    .description =
        "The new definition is taken as a whole or refused as a whole; when it has errors, the old one goes on. Pumps\n"
        "whose plan has not changed keep their state and lose no open window; others begin now. `tailrace run` does "
        "the\n"
        "same by itself when files change and on SIGHUP.\n"
        "Exits 0 when it runs, 78 when the definition has errors.",
    .options = kOptions,
    .positional = {"APP", "Application; may be left out when just one runs", 0, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
