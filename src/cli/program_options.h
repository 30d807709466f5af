#pragma once

#include "app/replay.h"
#include "cli/verb.h"

namespace tailrace::cli {

// Options of verbs that take a bare program: --sql, --inputs, --table, and where the dialect leaves a choice.
inline constexpr OptionSpec kSqlOption = {"--sql", "FILE", "File with the SQL program."};
inline constexpr OptionSpec kInputsOption = {"--inputs", "FILE",
                                             "The service's Inputs array, JSON: columns and format of each input."};
inline constexpr OptionSpec kTableOption = {"--table", "NAME=FILE", "Reference table from CSV or JSON lines.",
                                            "",        false,       true};
inline constexpr OptionSpec kSqlOptionOption = {
    "--option",
    "NAME",
    "Where the dialect leaves a choice: tsdiff_documented_sign, current_timestamp_per_row, "
    "lenient_interval_precision, concat_accepts_numbers, start_stopped_pumps=false, following_join_keeps_time.",
    "",
    false,
    true};

// Errors: kInvalidArgument: unknown option name, malformed NAME=FILE.
Result<app::ProgramFiles> ReadProgramOptions(const Arguments& arguments);

}  // namespace tailrace::cli
