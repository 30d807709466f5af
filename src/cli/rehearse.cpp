#include "cli/rehearse.h"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "alarm/alarm_sink.h"
#include "app/archived_records.h"
#include "app/checkpoint.h"
#include "app/reference_table.h"
#include "app/rehearsal.h"
#include "app/retained_records.h"
#include "base/os/process.h"
#include "base/str.h"
#include "cli/application_sources.h"
#include "cli/client.h"
#include "cli/progress_line.h"
#include "cli/sweep.h"
#include "cli/time_text.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;
using app::RehearsedAlarm;
using app::RehearsedEvent;

constexpr size_t kDecodeThreadsMax = 4;  // The rest of the work is one thread's.

// What the command line asks for.
struct Wanted {
  std::string application;
  std::string data_folder;
  app::ParameterValues parameters;
  std::optional<Sweep> sweep;
  Timestamp from{};
  std::optional<Timestamp> to;
  std::optional<Milliseconds> warm_up;
  std::vector<app::NamedFile> archives;  // Instead of the data folder.
  std::string time_column;
};

// "2018-11-01T01:00:00Z", epoch ms, or "24h" for so long ago.
Result<std::optional<Timestamp>> ReadTime(const Arguments& arguments, std::string_view option, const Clock& clock) {
  if (!arguments.Has(option)) return std::optional<Timestamp>();
  const std::string text = arguments.Text(option);
  if (const auto time = ParseTimeText(text)) return time;
  if (const auto ago = app::ParseDuration(text)) return std::optional(clock.Now() - *ago);
  return Error{ErrorCode::kInvalidArgument,
               StrCat(option, ": '", text, "' is neither ISO 8601, epoch milliseconds nor a duration such as 24h")};
}

Result<Wanted> ReadWanted(const Arguments& arguments, const Context& context) {
  Wanted wanted{.application = arguments.positional().at(0), .data_folder = arguments.Text("--data")};
  TAILRACE_ASSIGN_OR_RETURN(const auto from, ReadTime(arguments, "--from", context.clock));
  wanted.from = from.value_or(Timestamp{});
  TAILRACE_ASSIGN_OR_RETURN(wanted.to, ReadTime(arguments, "--to", context.clock));
  if (wanted.to.has_value()) wanted.to = std::min(*wanted.to, context.clock.Now());
  if (wanted.to.has_value() && *wanted.to < wanted.from) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("--from ", ToIso8601(wanted.from), " is later than --to ", ToIso8601(*wanted.to))};
  }
  if (arguments.Has("--warm-up")) {
    wanted.warm_up = app::ParseDuration(arguments.Text("--warm-up"));
    if (!wanted.warm_up.has_value()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("--warm-up: '", arguments.Text("--warm-up"), "' is no duration such as 15m")};
    }
  }
  for (const std::string& text : arguments.List("--set")) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error{ErrorCode::kInvalidArgument, StrCat("--set: '", text, "' is not NAME=VALUE")};
    }
    wanted.parameters[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const std::string& text : arguments.List("--records")) {
    auto archive = app::ParseNamedFile(text);
    if (!archive.ok()) return std::move(archive).error().Context("--records");
    wanted.archives.push_back(std::move(archive).value());
  }
  wanted.time_column = arguments.Text("--time");
  if (arguments.Has("--sweep")) {
    auto sweep = ParseSweep(arguments.Text("--sweep"), app::kRehearsalVariantsMax);
    if (!sweep.ok()) return std::move(sweep).error().Context("--sweep");
    wanted.sweep = std::move(sweep).value();
  }
  return wanted;
}

// The definition with each value of the swept parameter, or as it is. Nothing when one has errors, which are printed.
std::optional<std::vector<app::Definition>> LoadVariants(const Wanted& wanted, const Context& context) {
  ApplicationSources sources(context.disk);
  std::vector<app::Definition> variants;
  const std::vector<std::string> once = {""};
  for (const std::string& value : wanted.sweep.has_value() ? wanted.sweep->values : once) {
    app::ParameterValues parameters = wanted.parameters;
    if (wanted.sweep.has_value()) parameters[wanted.sweep->parameter] = value;
    auto definition = app::LoadDefinition(context.disk, wanted.application, sources, parameters);
    if (!definition.ok()) {
      context.PrintError(StrCat("tailrace replay: ", definition.error().message, "\n"));
      return std::nullopt;
    }
    if (!definition->ok()) {
      if (wanted.sweep.has_value()) context.PrintError(StrCat("with ", wanted.sweep->parameter, "=", value, ":\n"));
      context.PrintError(app::FormatProblems(*definition, true));
      return std::nullopt;
    }
    variants.push_back(std::move(definition).value());
  }
  return variants;
}

std::string Seconds(Milliseconds time) { return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000); }
std::string Number(const std::optional<double>& value) { return value.has_value() ? alarm::NumberText(*value) : "-"; }

std::string Details(const RehearsedEvent& event) {
  if (event.event.kind == alarm::EventKind::kFired) return "";
  if (event.event.kind == alarm::EventKind::kResolved) {
    const std::string over = StrCat("after ", Seconds(event.event.time - event.event.since.value_or(event.event.time)),
                                    ", ", event.event.rows, " rows, maximum ", Number(event.event.max));
    return event.targets.empty() ? over : StrCat(over, "; ", Join(event.targets, ", "), ": ", event.text);
  }
  if (event.targets.empty()) return "nobody";
  return StrCat(Join(event.targets, ", "), ": ", event.text);
}

std::string_view KindText(alarm::EventKind kind) {
  return kind == alarm::EventKind::kFired ? "fired" : kind == alarm::EventKind::kMessage ? "told" : "resolved";
}

void PrintEvents(const app::RehearsalResult& result, const Context& context) {
  std::vector<std::vector<std::string>> rows;
  for (const RehearsedEvent& event : result.events) {
    std::string time = ToIso8601(event.event.time);
    const bool told = event.event.kind == alarm::EventKind::kMessage;
    rows.push_back({time, event.alarm, event.event.key.empty() ? "-" : event.event.key,
                    std::string(KindText(event.event.kind)), Number(event.event.value),
                    told ? StrCat(event.event.rows) : "-", Details(event)});
  }
  if (!rows.empty()) {
    context.Print(AlignedTable({"TIME (UTC)", "ALARM", "KEY", "EVENT", "VALUE", "HELD BACK", "WHO AND WHAT"}, rows));
  }
  if (result.events_left_out > 0) context.Print(StrCat("and ", result.events_left_out, " events more\n"));
}

void PrintTotals(const app::RehearsalRun& run, const std::optional<Sweep>& sweep, const Context& context) {
  std::vector<std::string> header = {"ALARM", "FIRED", "TOLD", "HELD BACK", "RESOLVED", "TIME IN ALARM", "AT THE END"};
  if (sweep.has_value()) header.insert(header.begin(), AsciiUpper(sweep->parameter));
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < run.results.size(); ++i) {
    for (const RehearsedAlarm& each : run.results[i].alarms) {
      std::vector<std::string> row = {each.alarm,
                                      StrCat(each.fired),
                                      StrCat(each.told),
                                      StrCat(each.held_back),
                                      StrCat(each.resolved),
                                      Seconds(each.in_alarm),
                                      each.firing ? "firing" : "quiet"};
      if (sweep.has_value()) row.insert(row.begin(), sweep->values[i]);
      rows.push_back(std::move(row));
    }
  }
  context.Print(AlignedTable(header, rows));
}

json::value OptionalNumber(const std::optional<double>& value) {
  return value.has_value() ? json::value(*value) : json::value(nullptr);
}

void PrintJson(const app::RehearsalRun& run, const std::optional<Sweep>& sweep, const Context& context) {
  for (size_t i = 0; i < run.results.size(); ++i) {
    json::object parameters;
    if (sweep.has_value()) parameters[sweep->parameter] = sweep->values[i];
    for (const RehearsedEvent& each : run.results[i].events) {
      const alarm::AlarmEvent& event = each.event;
      json::object line = {
          {"type", "event"},
          {"alarm", each.alarm},
          {"kind", event.kind == alarm::EventKind::kMessage ? "message" : KindText(event.kind)},
          {"key", event.key},
          {"time", ToUnixMs(event.time)},
          {"value", OptionalNumber(event.value)},
          {"rows", event.rows},
          {"max", OptionalNumber(event.max)},
          {"since", event.since.has_value() ? json::value(ToUnixMs(*event.since)) : json::value(nullptr)}};
      if (!each.targets.empty()) {
        line["to"] = json::array(each.targets.begin(), each.targets.end());
        line["subject"] = each.subject;
        line["text"] = each.text;
      }
      if (sweep.has_value()) line["parameters"] = parameters;
      context.Print(json::serialize(line) + "\n");
    }
    for (const RehearsedAlarm& each : run.results[i].alarms) {
      json::object line = {
          {"type", "total"},           {"alarm", each.alarm},   {"rows", each.rows},
          {"fired", each.fired},       {"told", each.told},     {"held_back", each.held_back},
          {"resolved", each.resolved}, {"firing", each.firing}, {"ms_in_alarm", each.in_alarm.count()}};
      if (sweep.has_value()) line["parameters"] = parameters;
      context.Print(json::serialize(line) + "\n");
    }
  }
  context.Print(json::serialize(json::object{{"type", "run"},
                                             {"records", run.records},
                                             {"decode_errors", run.decode_errors},
                                             {"begin", ToUnixMs(run.begin)},
                                             {"end", ToUnixMs(run.end)}}) +
                "\n");
}

// The records to run, and what the options need to know of them.
Result<std::unique_ptr<app::RecordSource>> OpenRecords(const Wanted& wanted, const app::ApplicationConfig& config,
                                                       app::RehearsalOptions& options, const Context& context) {
  Timestamp begin = wanted.warm_up.has_value() ? wanted.from - *wanted.warm_up : Timestamp{};
  if (!wanted.archives.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(auto archived, app::ArchivedRecords::Open(context.disk, config.inputs, wanted.archives,
                                                                        wanted.time_column, begin));
    return std::unique_ptr<app::RecordSource>(std::move(archived));
  }
  // As on a running server, time passes up to now when there are no further records.
  if (!options.to.has_value()) options.to = context.clock.Now();
  const auto checkpoint =
      app::ReadCheckpoint(context.disk, StrCat(wanted.data_folder, "/apps/", config.name, "/checkpoint"));
  if (checkpoint.ok() && checkpoint->has_value()) {
    options.query_start_unix_ms = (*checkpoint)->query_start_unix_ms;
    if (config.start == "latest") begin = std::max(begin, FromUnixMs((*checkpoint)->query_start_unix_ms));
  }
  TAILRACE_ASSIGN_OR_RETURN(auto retained,
                            app::RetainedRecords::Open(context.disk, wanted.data_folder, config.inputs, begin));
  return std::unique_ptr<app::RecordSource>(std::move(retained));
}

}  // namespace

int RunRehearsal(const Arguments& arguments, const Context& context) {
  auto wanted = ReadWanted(arguments, context);
  if (!wanted.ok()) return Fail(context, "replay", wanted.error().message, kExitWrongUse);
  auto variants = LoadVariants(*wanted, context);
  if (!variants.has_value()) return kExitBadConfiguration;
  const Status fetched = app::FetchReferenceObjects(*variants, context.net, context.clock);
  if (!fetched.ok()) return Fail(context, "replay", fetched.error().message);
  const app::ApplicationConfig& config = variants->front().config;
  if (config.alarms.empty()) {
    return Fail(context, "replay", StrCat("application ", config.name, " has no alarms to rehearse"));
  }
  app::RehearsalOptions options{.from = wanted->from, .to = wanted->to};
  options.decode.threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kDecodeThreadsMax);
  auto source = OpenRecords(*wanted, config, options, context);
  if (!source.ok()) return Fail(context, "replay", source.error().message);
  const bool as_json = arguments.Has("--json");
  auto run = [&] {
    ProgressLine line(context, !as_json && IsTerminal(2));
    return app::Rehearse(*variants, **source, options, [&](const app::RehearsalProgress& progress) {
      line.Show(progress.share, progress.records, "records", StrCat("at ", alarm::MessageTime(progress.time)));
      return true;
    });
  }();
  if (!run.ok()) return Fail(context, "replay", run.error().message);
  if (as_json) {
    PrintJson(*run, wanted->sweep, context);
    return kExitDone;
  }
  if (!wanted->sweep.has_value()) PrintEvents(run->results.front(), context);
  PrintTotals(*run, wanted->sweep, context);
  const std::string note = (*source)->note();
  context.Print(StrCat(run->records, run->records == 1 ? " record from " : " records from ", ToIso8601(run->begin),
                       " to ", ToIso8601(run->end),
                       run->decode_errors > 0 ? StrCat(", ", run->decode_errors, " not readable") : "",
                       note.empty() ? "" : StrCat("; ", note), ". Nobody was told: this was a rehearsal.\n"));
  return kExitDone;
}

}  // namespace tailrace::cli
