#include "base/str.h"
#include "cli/verbs.h"
#include "sql/function_documents.h"

namespace tailrace::cli {
namespace {

constexpr OptionSpec kOptions[] = {{"--markdown", "", "Print the page docs/sql-functions.md."}};
constexpr std::string_view kExamples[] = {"tailrace functions", "tailrace functions TSDIFF STEP",
                                          "tailrace functions --markdown > docs/sql-functions.md"};

std::string Lines(const sql::FunctionDocument& function) {
  std::string text =
      StrCat(function.name, " (", function.family, ")\n  ", function.syntax, "\n  ", function.summary, "\n");
  for (const sql::FunctionExample& example : function.examples) {
    text += StrCat("    ", example.sql, "  ->  ", example.result, "\n");
  }
  return text;
}

// A bar would end a table's cell, but code between backticks keeps backslashes: so no tables here.
std::string Markdown(const std::vector<sql::FunctionDocument>& functions) {
  std::string text =
      "# Functions and operators\n\nWritten by `make docs` from the lists that the compiler reads; every example runs "
      "as a "
      "test. The rules that\nhold for all of them (NULL, types, errors) are in [sql-dialect.md](sql-dialect.md).\n";
  std::string_view family;
  for (const sql::FunctionDocument& function : functions) {
    if (function.family != family) {
      family = function.family;
      text += StrCat("\n## ", AsciiUpper(family.substr(0, 1)), family.substr(1), "\n");
    }
    text += StrCat("\n### ", function.name == "*" ? "\\*" : function.name, "\n\n```sql\n", function.syntax, "\n```\n\n",
                   function.summary, "\n");
    if (function.examples.empty()) continue;
    text += "\n```text\n";
    for (const sql::FunctionExample& example : function.examples) {
      text += StrCat(example.sql, "  ->  ", example.result.empty() ? "''" : example.result, "\n");
    }
    text += "```\n";
  }
  return text;
}

int Run(const Arguments& arguments, const Context& context) {
  const std::vector<sql::FunctionDocument> functions = sql::FunctionDocuments();
  if (arguments.Has("--markdown")) {
    context.Print(Markdown(functions));
    return kExitDone;
  }
  std::vector<std::string> unknown;
  std::string text;
  for (const std::string& word : arguments.positional()) {
    bool found = false;
    for (const sql::FunctionDocument& function : functions) {
      if (function.name != AsciiUpper(word)) continue;
      text += Lines(function);
      found = true;
    }
    if (!found) unknown.push_back(word);
  }
  if (!unknown.empty()) return Fail(context, "functions", StrCat("there is no function ", Join(unknown, ", ")));
  if (arguments.positional().empty()) {
    for (const sql::FunctionDocument& function : functions) text += Lines(function);
  }
  context.Print(text);
  return kExitDone;
}

}  // namespace

const Verb kFunctionsVerb = {
    .name = "functions",
    .summary = "Print the SQL functions: syntax, meaning, examples",
    .options = kOptions,
    .positional = {"NAME", "Functions to print; all when none is given.", 0, 100},
    .examples = kExamples,
    .run = Run,
};

}  // namespace tailrace::cli
