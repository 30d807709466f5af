#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tailrace::sql {

// How the fields of a line are separated.
struct DelimitedLine {
  std::string delimiter;    // Not empty.
  std::string escape;       // One character that makes the next character or delimiter plain; may be empty.
  std::string quote_begin;  // One character; may be empty. A field that begins with it ends at `quote_end`.
  std::string quote_end;

  struct Field {
    std::string_view text;  // Of the line; when `changed`, the text is in the caller's string instead.
    bool changed = false;
  };

  // Reads the fields of one line in order. Both arguments are borrowed.
  class Reader {
   public:
    Reader(const DelimitedLine& form, std::string_view line) : form_(form), rest_(line) {}
    // Nothing after the last field. A line has at least one.
    std::optional<Field> Next(std::string& changed_text);

   private:
    bool Takes(std::string_view token);

    const DelimitedLine& form_;
    std::string_view rest_;
    bool done_ = false;
  };
};

}  // namespace tailrace::sql
