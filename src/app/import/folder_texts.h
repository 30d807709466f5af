#pragma once

#include <string>
#include <string_view>

#include "app/import/imported.h"

namespace tailrace::app {

// tailrace.yaml of the application; `source` is the name of the imported file.
std::string DefinitionText(const ImportedApplication& application, std::string_view source);

// REPORT.md.
std::string ReportText(const ImportedApplication& application, const ImportNotes& notes, std::string_view source);

// The first line of a reference table's file.
std::string HeaderText(const ImportedTable& table);

}  // namespace tailrace::app
