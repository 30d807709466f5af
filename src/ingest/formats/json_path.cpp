#include "ingest/formats/json_path.h"

#include "base/str.h"

namespace tailrace::ingest {
namespace {

constexpr size_t kMembersMax = 32;

Error Broken(std::string_view text, size_t at, std::string_view why) {
  return Error{ErrorCode::kInvalidArgument, StrCat("JSON path \"", text, "\", character ", at + 1, ": ", why)};
}

}  // namespace

std::string JsonPath::ArrayText() const {
  std::string text = "$";
  for (int i = 0; i < array_after; ++i) text += StrCat(".", members[static_cast<size_t>(i)]);
  return text + "[0:]";
}

Result<JsonPath> ParseJsonPath(std::string_view text) {
  JsonPath path;
  if (text.empty() || text[0] != '$') return Broken(text, 0, "expected $");
  size_t at = 1;
  while (at < text.size()) {
    if (text[at] == '.') {
      const size_t end = std::min(text.find_first_of(".[", at + 1), text.size());
      if (end == at + 1) return Broken(text, at, "a member's name is missing");
      path.members.emplace_back(text.substr(at + 1, end - at - 1));
      at = end;
    } else if (text.substr(at).starts_with("['")) {
      const size_t end = text.find("']", at + 2);
      if (end == std::string_view::npos) return Broken(text, at, "'] is missing");
      path.members.emplace_back(text.substr(at + 2, end - at - 2));
      at = end + 2;
    } else if (text.substr(at).starts_with("[0:]")) {
      if (path.has_array()) return Broken(text, at, "only one array of a path may be opened");
      path.array_after = static_cast<int>(path.members.size());
      at += 4;
    } else {
      return Broken(text, at, "expected .name or [0:]");
    }
    if (path.members.size() > kMembersMax) {
      return Broken(text, at, StrCat("more than ", kMembersMax, " levels"));
    }
  }
  return path;
}

}  // namespace tailrace::ingest
