#include "sql/functions/delimited_line.h"

#include "base/str.h"

namespace tailrace::sql {

bool DelimitedLine::Reader::Takes(std::string_view token) {
  if (token.empty() || !rest_.starts_with(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

std::optional<DelimitedLine::Field> DelimitedLine::Reader::Next(std::string& changed_text) {
  if (done_) return std::nullopt;
  const std::string_view begin = rest_;
  bool quoted = Takes(form_.quote_begin);
  if (!quoted && form_.escape.empty()) {
    const size_t end = rest_.find(form_.delimiter);
    done_ = end == std::string_view::npos;
    rest_ = done_ ? std::string_view() : rest_.substr(end + form_.delimiter.size());
    return Field{.text = begin.substr(0, end)};
  }
  changed_text.clear();
  while (true) {
    if (rest_.empty()) {
      done_ = true;
      break;
    }
    if (Takes(form_.escape)) {
      // A whole delimiter, else one character; an escape at the end stands for itself.
      if (rest_.empty()) changed_text += form_.escape;
      const std::string_view plain =
          rest_.starts_with(form_.delimiter) ? std::string_view(form_.delimiter) : Utf8Prefix(rest_, 1);
      changed_text += plain;
      rest_.remove_prefix(plain.size());
    } else if (quoted && Takes(form_.quote_end)) {
      // A doubled end quote is one quote of the value.
      if (rest_.starts_with(form_.quote_end)) {
        Takes(form_.quote_end);
        changed_text += form_.quote_end;
      } else {
        quoted = false;
      }
    } else if (!quoted && Takes(form_.delimiter)) {
      break;
    } else {
      const std::string_view character = Utf8Prefix(rest_, 1);
      changed_text += character;
      rest_.remove_prefix(character.size());
    }
  }
  return Field{.changed = true};
}

}  // namespace tailrace::sql
