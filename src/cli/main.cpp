#include <CLI/CLI.hpp>
#include <csignal>
#include <map>
#include <memory>

#include "base/os/curl_net.h"
#include "base/os/posix_disk.h"
#include "base/os/process.h"
#include "base/os/system_clock.h"
#include "base/str.h"
#include "cli/partition_worker.h"
#include "cli/verb.h"
#include "sink/delivery/partition_query.h"

// The only file that knows CLI11: makes its commands from the list of verbs.

namespace tailrace::cli {
namespace {

// Where CLI11 puts what it parsed for one verb.
struct Parsed {
  const Verb* verb = nullptr;
  std::map<std::string_view, std::vector<std::string>> values;
  std::map<std::string_view, bool> switches;
  std::vector<std::string> positional;
};

std::string Footer(const Verb& verb) {
  std::string text;
  if (!verb.description.empty()) text += StrCat("\n", verb.description, "\n");
  if (!verb.examples.empty()) text += "\nExamples:\n";
  for (const std::string_view example : verb.examples) text += StrCat("  ", example, "\n");
  return text;
}

// "list, describe, put, get": the second words of the group's verbs.
std::string GroupSummary(std::string_view group) {
  std::string summary;
  for (const Verb& verb : Verbs()) {
    if (!verb.name.starts_with(StrCat(group, " "))) continue;
    summary += StrCat(summary.empty() ? "" : ", ", verb.name.substr(group.size() + 1));
  }
  return summary;
}

void Declare(CLI::App& command, Parsed& parsed) {
  const Verb& verb = *parsed.verb;
  command.footer(Footer(verb));
  for (const OptionSpec& option : verb.options) {
    const std::string name = StrCat(option.short_name, option.short_name.empty() ? "" : ",", option.name);
    std::string summary(option.summary);
    if (option.value.empty()) {
      command.add_flag(name, parsed.switches[option.name], summary);
      continue;
    }
    if (!option.fallback.empty()) summary += StrCat(" [", option.fallback, "]");
    CLI::Option* const added = command.add_option(name, parsed.values[option.name], summary);
    added->type_name(std::string(option.value));
    added->required(option.required);
    // One value an occurrence, so that words after it stay words.
    added->expected(1)->allow_extra_args(false);
    added->multi_option_policy(option.repeated ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  }
  if (verb.positional.count_max > 0) {
    CLI::Option* const added =
        command.add_option(std::string(verb.positional.name), parsed.positional, std::string(verb.positional.summary));
    added->type_name("");
    added->expected(static_cast<int>(verb.positional.count_min), static_cast<int>(verb.positional.count_max));
    added->required(verb.positional.count_min > 0);
  }
}

Arguments Collect(const Parsed& parsed) {
  Arguments arguments;
  for (const OptionSpec& option : parsed.verb->options) {
    if (option.value.empty()) {
      if (parsed.switches.at(option.name)) arguments.Set(option.name, {});
      continue;
    }
    const std::vector<std::string>& values = parsed.values.at(option.name);
    if (!values.empty()) {
      arguments.Set(option.name, values);
    } else if (!option.fallback.empty()) {
      arguments.Set(option.name, {std::string(option.fallback)});
    }
  }
  arguments.SetPositional(parsed.positional);
  return arguments;
}

int Main(int argc, char** argv) {
  // No verb for people: the server starts itself this way.
  if (argc == 2 && argv[1] == sink::delivery::kPartitionWorkerWord) return RunPartitionWorker();
  CLI::App program("Tailrace watches a website while it happens: logs to streams, SQL over streams, alarms.",
                   "tailrace");
  program.require_subcommand(1);
  program.set_version_flag("--version", std::string("tailrace ") + TAILRACE_VERSION);
  program.footer("\n'tailrace VERB --help' tells more, with examples.");
  std::map<std::string, CLI::App*> groups;
  std::map<CLI::App*, std::unique_ptr<Parsed>> commands;
  for (const Verb& verb : Verbs()) {
    CLI::App* parent = &program;
    std::string name(verb.name);
    if (const size_t blank = name.find(' '); blank != std::string::npos) {
      const std::string group = name.substr(0, blank);
      name = name.substr(blank + 1);
      if (!groups.contains(group)) {
        groups[group] = program.add_subcommand(group, GroupSummary(group));
        groups[group]->require_subcommand(1);
      }
      parent = groups[group];
    }
    CLI::App* const command = parent->add_subcommand(name, std::string(verb.summary));
    auto parsed = std::make_unique<Parsed>();
    parsed->verb = &verb;
    Declare(*command, *parsed);
    commands[command] = std::move(parsed);
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.exit(error);
    return code == 0 ? kExitDone : kExitWrongUse;
  }

  std::signal(SIGPIPE, SIG_IGN);
  PosixDisk disk;
  SystemClock clock;
  CurlNet net;
  const Context context{.disk = disk, .clock = clock, .net = net, .terminal = IsTerminal(1)};
  for (const auto& [command, parsed] : commands) {
    if (command->parsed()) return parsed->verb->run(Collect(*parsed), context);
  }
  return kExitWrongUse;
}

}  // namespace
}  // namespace tailrace::cli

int main(int argc, char** argv) { return tailrace::cli::Main(argc, argv); }
