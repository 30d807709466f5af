#include <boost/json.hpp>

#include "base/str.h"
#include "cli/client.h"
#include "cli/verbs.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

std::string TablePath(const Arguments& arguments, std::string_view what) {
  return StrCat("/api/tables/", PercentEncode(arguments.positional()[0]), "/", what);
}

// Prints every page of a query or scan up to the limit.
int PrintItems(const Arguments& arguments, const Context& context, std::string_view verb, std::string_view what,
               std::vector<std::pair<std::string, std::string>> parameters) {
  const Client client(arguments, context);
  const auto limit = ParseInt64(arguments.Text("--limit"));
  if (!limit.has_value() || *limit < 1) return Fail(context, verb, "--limit must be a whole number", kExitWrongUse);
  int64_t left = *limit;
  std::string after;
  while (left > 0) {
    auto page_parameters = parameters;
    page_parameters.emplace_back("limit", StrCat(std::min<int64_t>(left, 1000)));
    page_parameters.emplace_back("after", after);
    const auto page = client.Get(TablePath(arguments, what) + QueryText(page_parameters));
    if (!page.ok()) return Fail(context, verb, page.error().message);
    for (const json::value& item : page->at("items").as_array()) {
      if (!context.Print(json::serialize(item) + "\n")) return kExitDone;
      --left;
    }
    if (page->at("next").is_null()) break;
    after = std::string(page->at("next").as_string());
  }
  return kExitDone;
}

int RunGet(const Arguments& arguments, const Context& context) {
  const Client client(arguments, context);
  const auto& words = arguments.positional();
  const auto answer = client.Get(TablePath(arguments, "item") +
                                 QueryText({{"hash", words[1]}, {"range", words.size() > 2 ? words[2] : ""}}));
  if (!answer.ok()) return Fail(context, "table get", answer.error().message);
  context.Print(json::serialize(answer->at("item")) + "\n");
  return kExitDone;
}

int RunQuery(const Arguments& arguments, const Context& context) {
  return PrintItems(arguments, context, "table query", "query",
                    {{"hash", arguments.positional()[1]},
                     {"begins_with", arguments.Text("--begins-with")},
                     {"from", arguments.Text("--from")},
                     {"to", arguments.Text("--to")},
                     {"backward", arguments.Has("--backward") ? "true" : ""}});
}

int RunScan(const Arguments& arguments, const Context& context) {
  return PrintItems(arguments, context, "table scan", "scan", {});
}

constexpr OptionSpec kGetOptions[] = {kServerOption};
constexpr OptionSpec kQueryOptions[] = {
    kServerOption,
    {"--begins-with", "TEXT", "Only range keys that begin so."},
    {"--from", "VALUE", "Only range keys from here on."},
    {"--to", "VALUE", "Only range keys up to here, included."},
    {"--backward", "", "Greatest range key first."},
    {"--limit", "N", "At most so many items.", "100"},
};
constexpr OptionSpec kScanOptions[] = {kServerOption, {"--limit", "N", "At most so many items.", "100"}};
constexpr std::string_view kGetExamples[] = {"tailrace table get WebsiteOrders 17850 536365-85123A"};
constexpr std::string_view kQueryExamples[] = {"tailrace table query WebsiteOrders 17850 --begins-with 536365-"};
constexpr std::string_view kScanExamples[] = {"tailrace table scan WebsiteOrders --limit 10"};

}  // namespace

const Verb kTableGetVerb = {.name = "table get",
                            .summary = "Print one item of a table",
                            .options = kGetOptions,
                            .positional = {"TABLE", "Name, hash key and, where there is one, range key", 2, 3},
                            .examples = kGetExamples,
                            .run = RunGet};
const Verb kTableQueryVerb = {.name = "table query",
                              .summary = "Print the items of one hash key",
                              .options = kQueryOptions,
                              .positional = {"TABLE", "Name and hash key", 2, 2},
                              .examples = kQueryExamples,
                              .run = RunQuery};
const Verb kTableScanVerb = {.name = "table scan",
                             .summary = "Print all items of a table",
                             .options = kScanOptions,
                             .positional = {"TABLE", "Name of the table", 1, 1},
                             .examples = kScanExamples,
                             .run = RunScan};

}  // namespace tailrace::cli
