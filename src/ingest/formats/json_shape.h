#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/formats/coercion.h"
#include "ingest/formats/path_tree.h"

namespace tailrace::ingest {

// The look of a flat JSON object: its members' names in their order, with every byte between the values. Producers
// write the same look again and again, so most records are read by comparing these bytes instead of parsing. Each
// record is checked whole; one that looks different is left to the parser.
class JsonShape {
 public:
  // The shape of a document that the parser has read; nothing when it is not a flat object or escapes its names.
  static std::optional<JsonShape> Learn(std::string_view text, const PathNode& root);

  // Fills `values`, which must be clear, when the record is of this shape and its strings are valid UTF-8. Wanted texts
  // with escapes are put into `unescaped`. False: some other reader must try; `values` is then unspecified.
  bool Read(std::string_view record, std::span<RawValue> values, std::string& unescaped) const;

 private:
  struct Member {
    size_t text_begin = 0;  // In literals_: what stands between the value before and this one.
    size_t text_size = 0;
    const std::vector<int>* captures = nullptr;  // Borrowed from the path tree; null when nobody wants the value.
  };

  std::string literals_;  // With 16 bytes behind the last one.
  std::vector<Member> members_;
};

}  // namespace tailrace::ingest
