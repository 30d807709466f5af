#pragma once

#include <array>
#include <string_view>

#include "sql/evaluate.h"

namespace tailrace::sql {

// Choices of section 11 of the dialect that change what is accepted or given; the defaults are the documented
// decisions.
struct CompileOptions {
  EvalOptions eval;
  bool lenient_interval_precision = false;
  bool concat_accepts_numbers = false;
  bool start_stopped_pumps = true;
  bool following_join_keeps_time = false;
};

struct CompileOptionSpec {
  std::string_view name;
  bool standard;
  std::string_view summary;
  bool& (*field)(CompileOptions& options);
};

// Every option, once: sql_options of an application, --option of the verbs, `option` of SQL test files and their
// documentation are made from it.
inline constexpr auto kCompileOptionSpecs = std::to_array<CompileOptionSpec>({
    {"tsdiff_documented_sign", false,
     "TSDIFF(a, b) is b - a, as its page says, and not a - b, as working programs need. Default false.",
     [](CompileOptions& options) -> bool& { return options.eval.tsdiff_documented_sign; }},
    {"current_timestamp_per_row", false,
     "CURRENT_TIMESTAMP is the time of the row and not of the program's start. Default false.",
     [](CompileOptions& options) -> bool& { return options.eval.current_timestamp_per_row; }},
    {"lenient_interval_precision", false, "Accept INTERVAL '120' MINUTE. Default false.",
     [](CompileOptions& options) -> bool& { return options.lenient_interval_precision; }},
    {"concat_accepts_numbers", false, "Accept numbers in a || b. Default false.",
     [](CompileOptions& options) -> bool& { return options.concat_accepts_numbers; }},
    {"start_stopped_pumps", true, "Start pumps that are created STOPPED. Default true.",
     [](CompileOptions& options) -> bool& { return options.start_stopped_pumps; }},
    {"following_join_keeps_time", false,
     "A pair that a FOLLOWING window of a join finds has ROWTIME of the row that waited, and comes out when the "
     "window has passed. Default false.",
     [](CompileOptions& options) -> bool& { return options.following_join_keeps_time; }},
});

// Sets the option that `text` names: NAME, or NAME=true or NAME=false. A name alone turns the standard round. False
// when there is no such option or value.
bool SetCompileOption(CompileOptions& options, std::string_view text);

}  // namespace tailrace::sql
