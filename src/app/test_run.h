#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/definition.h"
#include "app/test_world.h"
#include "base/disk.h"
#include "engine/sql_test_file.h"

namespace tailrace::app {

// The files of an application's tests: tests/*.slt in its folder, sorted. Errors: those of the disk; none when there is
// no such folder.
Result<std::vector<std::string>> FindTestFiles(Disk& disk, const ApplicationConfig& config);

// Runs one file, as docs/sql-tests.md describes it, against an application in one mode; goes on after rows that are not
// those expected, stops at a block that cannot be run.
// Input    `definition` is good; `folder` does not exist yet and is the caller's to remove.
// Output   What went wrong; empty when all is as expected.
// Time     The file's own; nothing waits.
std::vector<engine::SqlTestFailure> RunTest(Disk& disk, const engine::SqlTestFile& file, const Definition& definition,
                                            const std::string& folder, const TestMode& mode);

// "2018-11-01 01:00:00.000" and shorter forms, or "+1.5s", "+250ms", "+2m" after `previous`.
// Errors: kInvalidArgument.
Result<Timestamp> ParseTestTime(std::string_view text, std::optional<Timestamp> previous);

}  // namespace tailrace::app
