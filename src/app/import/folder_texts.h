#pragma once

#include <string>
#include <string_view>

#include "app/import/imported.h"

namespace tailrace::app {

// tailrace.yaml of the application; `source` is the name of the imported file.
std::string DefinitionText(const ImportedApplication& application, std::string_view source);

// REPORT.md.
std::string ReportText(const ImportedApplication& application, const ImportNotes& notes, std::string_view source);

// A scalar of YAML, quoted unless it reads as nothing but text wherever it stands.
std::string YamlScalar(std::string_view text);

// The first line of a reference table's file.
std::string HeaderText(const ImportedTable& table);

}  // namespace tailrace::app
