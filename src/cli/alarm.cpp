#include <boost/json.hpp>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

// Fetches a list of the application and prints it as JSON lines, or by `print`.
template <typename Print>
int PrintList(const Arguments& arguments, const Context& context, std::string_view verb, std::string_view what,
              const std::vector<std::pair<std::string, std::string>>& parameters, Print print) {
  const Client client(arguments, context);
  const auto application = client.Application(arguments);
  if (!application.ok()) return Fail(context, verb, application.error().message);
  const auto list = client.Get(StrCat("/api/apps/", PercentEncode(*application), "/", what) + QueryText(parameters));
  if (!list.ok()) return Fail(context, verb, list.error().message);
  const json::array& entries = list->is_array() ? list->get_array() : list->at("letters").as_array();
  if (arguments.Has("--json")) {
    for (const json::value& entry : entries) context.Print(json::serialize(entry) + "\n");
  } else {
    context.Print(print(entries));
  }
  return kExitDone;
}

int RunList(const Arguments& arguments, const Context& context) {
  return PrintList(arguments, context, "alarm list", "alarms", {}, [](const json::array& alarms) {
    std::vector<std::vector<std::string>> rows;
    for (const json::value& alarm : alarms) {
      rows.push_back({PlainText(alarm.at("alarm")), PlainText(alarm.at("key")),
                      alarm.at("firing").as_bool() ? "firing" : "quiet", PlainText(alarm.at("rows")),
                      PlainText(alarm.at("max")), TimeText(alarm.at("last_message")),
                      PlainText(alarm.at("held_rows"))});
    }
    return AlignedTable({"ALARM", "KEY", "STATE", "ROWS", "MAX", "LAST MESSAGE", "HELD BACK"}, rows);
  });
}

int RunHistory(const Arguments& arguments, const Context& context) {
  return PrintList(
      arguments, context, "alarm history", "alarms/events",
      {{"alarm", arguments.positional().empty() ? "" : arguments.positional()[0]},
       {"limit", arguments.Text("--limit")}},
      [](const json::array& events) {
        std::vector<std::vector<std::string>> rows;
        for (const json::value& event : events) {
          rows.push_back({PlainText(event.at("id")), TimeText(event.at("time")), PlainText(event.at("alarm")),
                          PlainText(event.at("key")), PlainText(event.at("kind")), PlainText(event.at("value")),
                          PlainText(event.at("rows")), PlainText(event.at("max"))});
        }
        return AlignedTable({"ID", "TIME (UTC)", "ALARM", "KEY", "EVENT", "VALUE", "ROWS", "MAX"}, rows);
      });
}

std::string OutcomeText(const json::value& recomputed) {
  if (recomputed.is_null()) return "";
  const std::string outcome = PlainText(recomputed.at("outcome"));
  const std::string note = PlainText(recomputed.at("note"));
  std::string text = "Computed again:   ";
  if (outcome == "failed") return StrCat(text, "not possible: ", note, "\n");
  if (outcome == "nothing") return StrCat(text, "nothing to compute; ", note, "\n");
  const std::string records = StrCat(" (", PlainText(recomputed.at("records")), " records)");
  if (outcome == "same") text += StrCat("the same row", records);
  if (outcome == "different") text += StrCat("another result", records);
  if (outcome == "incomplete") {
    text += StrCat("not the same: ", PlainText(recomputed.at("records_gone")), " records are past retention", records);
  }
  text += note.empty() ? "\n" : StrCat("; ", note, "\n");
  if (outcome == "same") return text;
  for (const json::value& row : recomputed.at("rows").as_array()) {
    text += StrCat("                  ", json::serialize(row), "\n");
  }
  return text;
}

std::string ExplainText(const json::value& event) {
  std::string text =
      StrCat(PlainText(event.at("alarm")), " ", PlainText(event.at("key")), " ", PlainText(event.at("kind")), " at ",
             TimeText(event.at("time")), ", value ", PlainText(event.at("value")), "\n");
  if (event.at("evidence").is_null()) return text + "The event was stored without what it rests on.\n";
  const json::value& evidence = event.at("evidence");
  const std::string row = PlainText(evidence.at("row"));
  if (!row.empty()) text += StrCat("Row:              ", row, "\n");
  text += StrCat("Rests on records: after ",
                 evidence.at("bounded").as_bool() ? TimeText(evidence.at("from")) : "the application's start",
                 " up to ", TimeText(evidence.at("to")), "\n");
  for (const json::value& range : evidence.at("ranges").as_array()) {
    text += StrCat("                  ", PlainText(range.at("stream")), " shard ", PlainText(range.at("shard")),
                   ": sequences ", PlainText(range.at("first")), " to ", PlainText(range.at("last")), "\n");
  }
  text += StrCat("Program:          ", PlainText(evidence.at("program")), "\n");
  text += OutcomeText(event.at("recomputed"));
  std::vector<std::vector<std::string>> records;
  for (const json::value& record : evidence.at("records").as_array()) {
    records.push_back({TimeText(record.at("arrival")), PlainText(record.at("shard")), PlainText(record.at("sequence")),
                       StrCat(PlainText(record.at("data")), record.at("cut").as_bool() ? "..." : "")});
  }
  if (!records.empty()) {
    text += "The newest of these records:\n" + AlignedTable({"ARRIVED (UTC)", "SHARD", "SEQUENCE", "RECORD"}, records);
  }
  return text;
}

int RunExplain(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto application = client.Application(arguments);
  if (!application.ok()) return Fail(context, "alarm explain", application.error().message);
  const auto event = client.Get(
      StrCat("/api/apps/", PercentEncode(*application), "/alarms/events/", PercentEncode(arguments.positional()[0])));
  if (!event.ok()) return Fail(context, "alarm explain", event.error().message);
  context.Print(arguments.Has("--json") ? json::serialize(*event) + "\n" : ExplainText(*event));
  return kExitDone;
}

int RunDeadLetters(const Arguments& arguments, const Context& context) {
  return PrintList(arguments, context, "dead-letter list", "dead-letters", {{"limit", arguments.Text("--limit")}},
                   [](const json::array& letters) {
                     std::vector<std::vector<std::string>> rows;
                     for (const json::value& letter : letters) {
                       rows.push_back({PlainText(letter.at("id")), TimeText(letter.at("time")),
                                       PlainText(letter.at("reason")), PlainText(letter.at("row"))});
                     }
                     return AlignedTable({"ID", "TIME (UTC)", "REASON", "ROW"}, rows);
                   });
}

int RunRedrive(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto application = client.Application(arguments);
  if (!application.ok()) return Fail(context, "dead-letter redrive", application.error().message);
  size_t failed = 0;
  for (const std::string& id : arguments.positional()) {
    const auto answer = client.Post(
        StrCat("/api/apps/", PercentEncode(*application), "/dead-letters/", PercentEncode(id), "/redrive"), "");
    if (answer.ok()) {
      context.Print(StrCat(id, ": taken\n"));
    } else {
      ++failed;
      context.PrintError(StrCat(id, ": ", answer.error().message, "\n"));
    }
  }
  return failed == 0 ? kExitDone : kExitFailed;
}

constexpr OptionSpec kListOptions[] = {kServerOption, kApplicationOption, kJsonOption};
constexpr OptionSpec kLimitedOptions[] = {
    kServerOption, kApplicationOption, kJsonOption, {"--limit", "N", "At most so many.", "100"}};
constexpr OptionSpec kRedriveOptions[] = {kServerOption, kApplicationOption};
constexpr std::string_view kListExamples[] = {"tailrace alarm list"};
constexpr std::string_view kHistoryExamples[] = {"tailrace alarm history order-flood --limit 20"};
constexpr std::string_view kExplainExamples[] = {"tailrace alarm explain 17"};
constexpr std::string_view kDeadLetterExamples[] = {"tailrace dead-letter list"};
constexpr std::string_view kRedriveExamples[] = {
    "tailrace dead-letter redrive '17@order-flood/SOURCE_SQL_STREAM_001 -> table WebsiteOrders'"};

}  // namespace

const Verb kAlarmListVerb = {.name = "alarm list",
                             .summary = "Show the state of every alarm",
                             .options = kListOptions,
                             .positional = {},
                             .examples = kListExamples,
                             .run = RunList};
const Verb kAlarmHistoryVerb = {.name = "alarm history",
                                .summary = "Show what alarms did, newest first",
                                .options = kLimitedOptions,
                                .positional = {"ALARM", "One alarm only", 0, 1},
                                .examples = kHistoryExamples,
                                .run = RunHistory};
const Verb kAlarmExplainVerb = {
    .name = "alarm explain",
    .summary = "Show what an event of an alarm rests on, and compute it again",
    .description =
        "Shows the records' time, shards and sequences, the program's hash, and the newest of the records; then\n"
        "computes the row again from the records that the stream still has.",
    .options = kListOptions,
    .positional = {"ID", "Id of the event, as alarm history shows it", 1, 1},
    .examples = kExplainExamples,
    .run = RunExplain};
const Verb kDeadLetterListVerb = {.name = "dead-letter list",
                                  .summary = "Show rows that an output refused, and why",
                                  .options = kLimitedOptions,
                                  .positional = {},
                                  .examples = kDeadLetterExamples,
                                  .run = RunDeadLetters};
const Verb kDeadLetterRedriveVerb = {.name = "dead-letter redrive",
                                     .summary = "Give refused rows to their output again",
                                     .options = kRedriveOptions,
                                     .positional = {"ID", "Ids of dead letters", 1, 1000},
                                     .examples = kRedriveExamples,
                                     .run = RunRedrive};

}  // namespace tailrace::cli
