#include "api/routes/routes.h"
#include "app/reloader.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::api {
namespace {

using RouteResult = Result<std::optional<http::Response>>;

void AppendText(std::string& json, std::string_view name, std::string_view text) {
  json += StrCat(json.ends_with('{') ? "" : ",", "\"", name, "\":");
  data::AppendJsonString(json, text);
}

void AppendNames(std::string& json, std::string_view name, const std::vector<std::string>& names) {
  json += StrCat(",\"", name, "\":[");
  for (const std::string& each : names) {
    if (!json.ends_with('[')) json += ',';
    data::AppendJsonString(json, each);
  }
  json += ']';
}

void AppendFindings(std::string& json, const std::vector<app::Finding>& findings) {
  json += "\"findings\":[";
  for (const app::Finding& finding : findings) {
    if (!json.ends_with('[')) json += ',';
    json += '{';
    AppendText(json, "file", finding.file);
    json += StrCat(",\"line\":", finding.line, ",\"column\":", finding.column, ",\"length\":", finding.length);
    AppendText(json, "severity", finding.warning ? "warning" : "error");
    AppendText(json, "message", finding.message);
    AppendText(json, "hint", finding.hint);
    json += '}';
  }
  json += ']';
}

// A definition with errors is refused with 422: the request was understood, what it asks for is wrong.
RouteResult Answer(const app::ReloadOutcome& outcome) {
  std::string json = "{";
  if (!outcome.reloaded) {
    std::string message;
    for (const app::Finding& finding : outcome.findings) {
      if (!finding.warning) message += StrCat(message.empty() ? "" : "\n", app::Format(finding));
    }
    json += "\"error\":{";
    AppendText(json, "code", "InvalidArgument");
    AppendText(json, "message", message);
    json += "},";
  }
  json += StrCat("\"reloaded\":", outcome.reloaded ? "true" : "false");
  AppendNames(json, "kept", outcome.kept_pumps);
  AppendNames(json, "begun", outcome.new_pumps);
  AppendNames(json, "gone", outcome.gone_pumps);
  json += ',';
  AppendFindings(json, outcome.findings);
  return http::Response::Json(outcome.reloaded ? 200 : 422, json + "}\n");
}

}  // namespace

RouteResult ReloadApplication(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const app::ReloadOutcome outcome,
                            call.services().runtime.reloader().Reload(running->name()));
  return Answer(outcome);
}

RouteResult GetSql(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  const app::Definition& definition = running->application().definition();
  std::string json = "{";
  AppendText(json, "file", app::ResolvePath(definition.config.folder, definition.config.sql_file));
  AppendText(json, "sql", definition.sql_text);
  return http::Response::Json(200, json + "}\n");
}

RouteResult CheckSql(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const std::vector<app::Finding> findings,
                            call.services().runtime.reloader().CheckSql(running->name(), call.request().body));
  std::string json = "{";
  AppendFindings(json, findings);
  return http::Response::Json(200, json + "}\n");
}

RouteResult PutSql(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const app::ReloadOutcome outcome,
                            call.services().runtime.reloader().ReplaceSql(running->name(), call.request().body));
  return Answer(outcome);
}

}  // namespace tailrace::api
