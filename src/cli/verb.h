#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/disk.h"
#include "base/net.h"

namespace tailrace::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;
inline constexpr int kExitBadConfiguration = 78;  // EX_CONFIG of sysexits.h

// One option of a verb: parsing, --help, the man page and shell completion come from this row.
struct OptionSpec {
  std::string_view name;   // "--until"
  std::string_view value;  // "TIME"; empty: a switch.
  std::string_view summary;
  std::string_view fallback;  // Used and shown when not given; empty: none.
  bool required = false;
  bool repeated = false;             // May be given several times.
  std::string_view short_name = {};  // "-f"
};

// The words after the options.
struct PositionalSpec {
  std::string_view name;  // "APP"
  std::string_view summary;
  size_t count_min = 0;
  size_t count_max = 0;
};

// What was given on the command line.
class Arguments {
 public:
  void Set(std::string_view option, std::vector<std::string> values) {
    values_[std::string(option)] = std::move(values);
  }
  void SetPositional(std::vector<std::string> words) { positional_ = std::move(words); }

  bool Has(std::string_view option) const { return values_.contains(std::string(option)); }
  std::string Text(std::string_view option) const;
  std::vector<std::string> List(std::string_view option) const;
  const std::vector<std::string>& positional() const { return positional_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> positional_;
};

// The world a verb works in. Borrowed.
struct Context {
  Disk& disk;
  Clock& clock;
  Net& net;
  bool terminal = false;  // A person reads standard output.

  // Standard output and standard error. Print gives false when nobody reads any more (a closed pipe).
  bool Print(std::string_view text) const;
  void PrintError(std::string_view text) const;
};

struct Verb {
  std::string_view name;  // "run", "stream put"
  std::string_view summary;
  std::string_view description;  // For the man page and --help; may be empty.
  std::span<const OptionSpec> options;
  PositionalSpec positional;
  std::span<const std::string_view> examples;
  int (*run)(const Arguments& arguments, const Context& context);
};

// Every verb, once.
std::span<const Verb> Verbs();

// Prints "tailrace VERB: message" and gives the exit code.
int Fail(const Context& context, std::string_view verb, std::string_view message, int exit_code = kExitFailed);

}  // namespace tailrace::cli
