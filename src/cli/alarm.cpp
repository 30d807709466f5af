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
          rows.push_back({TimeText(event.at("time")), PlainText(event.at("alarm")), PlainText(event.at("key")),
                          PlainText(event.at("kind")), PlainText(event.at("value")), PlainText(event.at("rows")),
                          PlainText(event.at("max"))});
        }
        return AlignedTable({"TIME (UTC)", "ALARM", "KEY", "EVENT", "VALUE", "ROWS", "MAX"}, rows);
      });
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
