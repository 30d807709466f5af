#include <boost/json.hpp>
#include <thread>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kPollInterval{200};

int Run(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto application = client.Application(arguments);
  if (!application.ok()) return Fail(context, "tail", application.error().message);
  const std::string path =
      StrCat("/api/apps/", PercentEncode(*application), "/streams/", PercentEncode(arguments.positional()[0]), "/rows");
  const auto rows_wanted = ParseInt64(arguments.Text("--rows"));
  if (!rows_wanted.has_value() || *rows_wanted < 0) {
    return Fail(context, "tail", "--rows must be a whole number", kExitWrongUse);
  }
  uint64_t after = 0;
  bool first = true;
  while (true) {
    const auto answer =
        client.Get(path + QueryText({{"after", StrCat(after)},
                                     {"limit", first ? StrCat(std::max<int64_t>(*rows_wanted, 1)) : "200"}}));
    if (!answer.ok()) return Fail(context, "tail", answer.error().message);
    for (const json::value& row : answer->at("rows").as_array()) {
      const auto ordinal = row.at("ordinal").to_number<uint64_t>();
      if (!first && ordinal > after + 1) {
        context.PrintError(StrCat("... ", ordinal - after - 1, " rows not shown\n"));
      }
      after = ordinal;
      if (first && *rows_wanted == 0) continue;
      json::object line{{"ROWTIME", TimeText(row.at("rowtime"))}};
      for (const auto& [name, value] : row.at("row").as_object()) line[name] = value;
      if (!context.Print(json::serialize(line) + "\n")) return kExitDone;
    }
    std::fflush(stdout);
    if (arguments.Has("--no-follow")) return kExitDone;
    first = false;
    std::this_thread::sleep_for(kPollInterval);
  }
}

constexpr OptionSpec kOptions[] = {
    kServerOption,
    kApplicationOption,
    {"--rows", "N", "Begin with so many of the newest rows.", "10"},
    {"--no-follow", "", "Print what is there and end."},
};
constexpr std::string_view kExamples[] = {"tailrace tail ALARM_STREAM", "tailrace tail error_stream --no-follow"};

}  // namespace

const Verb kTailVerb = {
    .name = "tail",
    .summary = "Print rows of an in-application stream as they appear",
    .description = "A busy stream is sampled; how many rows were not shown is said on standard error. Ctrl-C ends it.",
    .options = kOptions,
    .positional = {"STREAM", "In-application stream; exact case, unquoted names in SQL are upper case", 1, 1},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
