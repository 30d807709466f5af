#include "app/config.h"
#include "base/str.h"
#include "cli/verbs.h"

// What is made from lists: shell completion, the man page, the pages about verbs and configuration, the version.

namespace tailrace::cli {
namespace {

std::string BashCompletion() {
  std::string cases;
  std::string first_words;
  for (const Verb& verb : Verbs()) {
    std::string options = "--help";
    for (const OptionSpec& option : verb.options) options += StrCat(" ", option.name);
    cases += StrCat("    \"", verb.name, "\") words=\"", options, "\" ;;\n");
    const size_t blank = verb.name.find(' ');
    const std::string word(verb.name.substr(0, blank));
    if (StrCat(" ", first_words, " ").find(StrCat(" ", word, " ")) == std::string::npos) {
      first_words += StrCat(first_words.empty() ? "" : " ", word);
    }
    if (blank == std::string_view::npos) continue;
    // The second word of a group is offered after the first.
    std::string seconds;
    for (const Verb& other : Verbs()) {
      if (other.name.starts_with(word + " ")) seconds += StrCat(" ", other.name.substr(blank + 1));
    }
    const std::string group_case = StrCat("    \"", word, "\") words=\"", Trim(seconds), "\" ;;\n");
    if (cases.find(group_case) == std::string::npos) cases += group_case;
  }
  return StrCat(
      "# Completion of tailrace for bash: eval \"$(tailrace completion bash)\"\n"
      "_tailrace() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} verb=\"\" word words=\"\"\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $word in -*) ;; *) if [ -z \"$verb\" ]; then verb=$word; else verb=\"$verb $word\"; fi ;; esac\n"
      "  done\n"
      "  while :; do\n"
      "    case $verb in\n"
      "    \"\") words=\"",
      first_words, "\" ;;\n", cases,
      "    esac\n"
      "    if [ -n \"$words\" ] || [ -z \"${verb##* *}\" ] && [ \"$verb\" = \"${verb% *}\" ]; then break; fi\n"
      "    verb=${verb% *}\n"
      "  done\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "}\n"
      "complete -o filenames -F _tailrace tailrace\n");
}

std::string FishCompletion() {
  std::string text = "# Completion of tailrace for fish: tailrace completion fish | source\n";
  for (const Verb& verb : Verbs()) {
    const size_t blank = verb.name.find(' ');
    const std::string_view first = verb.name.substr(0, blank);
    text += StrCat("complete -c tailrace -n __fish_use_subcommand -a ", first, "\n");
    std::string condition = StrCat("__fish_seen_subcommand_from ", first);
    if (blank != std::string_view::npos) {
      text += StrCat("complete -c tailrace -n '", condition, "' -a ", verb.name.substr(blank + 1), " -d '",
                     verb.summary, "'\n");
      condition += StrCat("; and __fish_seen_subcommand_from ", verb.name.substr(blank + 1));
    }
    for (const OptionSpec& option : verb.options) {
      text += StrCat("complete -c tailrace -n '", condition, "' -l ", option.name.substr(2),
                     option.value.empty() ? "" : " -r", "\n");
    }
  }
  return text;
}

int RunCompletion(const Arguments& arguments, const Context& context) {
  const std::string& shell = arguments.positional()[0];
  if (shell == "bash") {
    context.Print(BashCompletion());
  } else if (shell == "zsh") {
    context.Print("autoload -U +X bashcompinit && bashcompinit\n" + BashCompletion());
  } else if (shell == "fish") {
    context.Print(FishCompletion());
  } else {
    return Fail(context, "completion", StrCat("'", shell, "' is not one of bash, zsh, fish"), kExitWrongUse);
  }
  return kExitDone;
}

// Text of a man page: backslashes and leading dots have a meaning there.
std::string Roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) escaped += "\\&";
      escaped += c;
    }
  }
  return escaped;
}

// docs/verbs.md.
std::string MarkdownPage() {
  std::string page =
      "# Verbs\n\nWritten by `make docs` from the list of verbs; `tailrace VERB --help` prints the same.\n\n"
      "Exit codes: 0 done, 1 failed, 2 wrong use, 78 bad configuration. Verbs that talk to a running server take its\n"
      "address from `--server`, else from the environment variable `TAILRACE_SERVER`, else `http://127.0.0.1:8080`.\n";
  for (const Verb& verb : Verbs()) {
    page += StrCat("\n## ", verb.name, "\n\n", verb.summary, ".\n\n```text\ntailrace ", verb.name,
                   verb.options.empty() ? "" : " [options]", verb.positional.name.empty() ? "" : " ",
                   verb.positional.name, "\n```\n");
    if (!verb.description.empty()) page += StrCat("\n", Trim(verb.description), "\n");
    if (!verb.options.empty() || !verb.positional.name.empty()) page += "\n";
    if (!verb.positional.name.empty()) {
      page += StrCat("- `", verb.positional.name, "`: ", verb.positional.summary, "\n");
    }
    for (const OptionSpec& option : verb.options) {
      page += StrCat("- `", option.short_name, option.short_name.empty() ? "" : ", ", option.name,
                     option.value.empty() ? "" : " ", option.value, "`: ", option.summary);
      if (!option.fallback.empty()) page += StrCat(" Default: `", option.fallback, "`.");
      if (option.required) page += " Required.";
      if (option.repeated) page += " May be repeated.";
      page += "\n";
    }
    if (verb.examples.empty()) continue;
    page += "\n```sh\n";
    for (const std::string_view example : verb.examples) page += StrCat(example, "\n");
    page += "```\n";
  }
  return page;
}

int RunMan(const Arguments& arguments, const Context& context) {
  if (arguments.Has("--markdown")) {
    context.Print(MarkdownPage());
    return kExitDone;
  }
  std::string page =
      StrCat(".TH TAILRACE 1 \"\" \"tailrace ", TAILRACE_VERSION, "\" \"User Commands\"\n.SH NAME\n",
             "tailrace \\- watches a website while it happens\n.SH SYNOPSIS\n.B tailrace\n.I VERB\n[options] [words]\n",
             ".SH DESCRIPTION\nTails logs into durable streams, runs continuous SQL over them, and rings alarms.\n",
             ".SH VERBS\n");
  for (const Verb& verb : Verbs()) {
    page += StrCat(".SS ", Roff(verb.name), " ", Roff(verb.positional.name), "\n", Roff(verb.summary), ".\n");
    if (!verb.description.empty()) page += StrCat(".PP\n", Roff(verb.description), "\n");
    for (const OptionSpec& option : verb.options) {
      page += StrCat(".TP\n.B ", Roff(option.short_name), option.short_name.empty() ? "" : ", ", Roff(option.name),
                     option.value.empty() ? "" : StrCat(" ", Roff(option.value)), "\n", Roff(option.summary),
                     option.fallback.empty() ? "" : StrCat(" Default: ", Roff(option.fallback), "."), "\n");
    }
    if (!verb.examples.empty()) page += ".PP\nExamples:\n";
    for (const std::string_view example : verb.examples) page += StrCat(".PP\n.RS\n", Roff(example), "\n.RE\n");
  }
  page +=
      ".SH EXIT STATUS\n0: done. 1: failed. 2: wrong use. 78: bad configuration.\n"
      ".SH ENVIRONMENT\n.TP\n.B TAILRACE_SERVER\nAddress of the server that tail, stream, table, alarm and "
      "dead\\-letter "
      "talk to; http://127.0.0.1:8080 when not set.\n";
  context.Print(page);
  return kExitDone;
}

int RunConfiguration(const Arguments&, const Context& context) {
  context.Print(app::ConfigReference());
  return kExitDone;
}

int RunVersion(const Arguments&, const Context& context) {
  context.Print(StrCat("tailrace ", TAILRACE_VERSION, "\n"));
  return kExitDone;
}

constexpr std::string_view kCompletionExamples[] = {"eval \"$(tailrace completion bash)\"",
                                                    "tailrace completion fish | source"};
constexpr OptionSpec kManOptions[] = {{"--markdown", "", "Print the page docs/verbs.md."}};
constexpr std::string_view kManExamples[] = {"tailrace man | man -l -"};
constexpr std::string_view kConfigurationExamples[] = {"tailrace configuration | less"};

}  // namespace

const Verb kCompletionVerb = {
    .name = "completion",
    .summary = "Print shell completion for bash, zsh or fish",
    .options = {},
    .positional = {"SHELL", "bash, zsh or fish", 1, 1},
    .examples = kCompletionExamples,
    .run = RunCompletion,
};

const Verb kConfigurationVerb = {.name = "configuration",
                                 .summary = "Print what a tailrace.yaml may hold: the page docs/configuration.md",
                                 .options = {},
                                 .positional = {},
                                 .examples = kConfigurationExamples,
                                 .run = RunConfiguration};

const Verb kManVerb = {.name = "man",
                       .summary = "Print the man page",
                       .options = kManOptions,
                       .positional = {},
                       .examples = kManExamples,
                       .run = RunMan};

const Verb kVersionVerb = {.name = "version",
                           .summary = "Print the version",
                           .options = {},
                           .positional = {},
                           .examples = {},
                           .run = RunVersion};

}  // namespace tailrace::cli
