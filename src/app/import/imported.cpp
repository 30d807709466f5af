#include "app/import/imported.h"

#include <algorithm>
#include <cctype>

#include "app/input_stream_names.h"
#include "base/str.h"

namespace tailrace::app {

void ImportNotes::Add(NoteKind kind, std::string text) {
  std::ranges::replace(text, '\n', ' ');
  const bool known =
      std::ranges::any_of(notes_, [&](const ImportNote& note) { return note.kind == kind && note.text == text; });
  if (!known) notes_.push_back({kind, std::move(text)});
}

std::string NameOfResource(std::string_view arn) {
  std::string_view rest = arn;
  if (arn.starts_with("arn:")) {
    for (int part = 0; part < 5 && rest.find(':') != std::string_view::npos; ++part) {
      rest.remove_prefix(rest.find(':') + 1);
    }
    if (rest.starts_with("function:")) {
      rest.remove_prefix(std::string_view("function:").size());
      rest = rest.substr(0, rest.find(':'));  // Without version or alias.
    }
  }
  if (const size_t slash = rest.rfind('/'); slash != std::string_view::npos) rest.remove_prefix(slash + 1);
  std::string name;
  for (const unsigned char byte : rest) {
    const bool plain = std::isalnum(byte) != 0 || byte == '_' || byte == '.' || byte == '-';
    if (plain) {
      name += static_cast<char>(byte);
    } else if (!name.empty() && !name.ends_with('-')) {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  const bool only_dots = name.find_first_not_of('.') == std::string::npos;
  return only_dots ? "unnamed" : name;
}

sql::CompileInput CompileInputOf(const ImportedApplication& application) {
  sql::CompileInput input{.text = application.sql, .options = application.sql_options};
  std::vector<ingest::InputDefinition> definitions;
  for (const ImportedInput& imported : application.inputs) definitions.push_back(imported.definition);
  for (const NamedInput& named : InputStreams(definitions)) {
    input.inputs.push_back({named.stream, named.definition->schema.ToSchema()});
  }
  for (const ImportedTable& table : application.tables) {
    input.tables.push_back({table.name, table.schema.ToSchema()});
  }
  return input;
}

}  // namespace tailrace::app
