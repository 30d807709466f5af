#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/formats/coercion.h"
#include "ingest/formats/path_tree.h"

namespace tailrace::ingest {

// A record with the places marked where its strings may end. One object serves many records: its memory is kept.
class MarkedRecord {
 public:
  // `text` is borrowed until the next call. Less than 4 GiB.
  void Set(std::string_view text);
  std::string_view text() const { return text_; }
  // The marked places in order, then twice the text's size.
  const uint32_t* specials() const { return reinterpret_cast<const uint32_t*>(specials_.data()); }
  // Which of them is the first at or after offset `at`.
  size_t SpecialFrom(size_t at) const;
  size_t NextSpecial(size_t at) const { return specials()[SpecialFrom(at)]; }
  // Room for texts that the record has with escapes; the views stay valid until the next Set.
  std::string& unescaped() {
    unescaped_.reserve(text_.size());  // So that texts put there do not move.
    return unescaped_;
  }

 private:
  std::string_view text_;
  // What most records need is in one page: a place that is read right after it was written into two is a long wait.
  struct alignas(512) Places {
    uint32_t at[128];
  };
  std::vector<Places> specials_;
  size_t count_ = 0;  // Of the places in specials_.
  std::string unescaped_;
};

// The look of a flat JSON object: its members' names in their order, with every byte between the values. Producers
// write the same look again and again, so most records are read by comparing these bytes instead of parsing. Each
// record is checked whole; one that looks different is left to the parser.
class JsonShape {
 public:
  // The shape of a document that the parser has read; nothing when it is not a flat object or escapes its names.
  static std::optional<JsonShape> Learn(std::string_view text, const PathNode& root);

  // Fills `values`, which must be clear, when the record is of this shape and its strings are valid UTF-8.
  // False: some other reader must try; `values` is then unspecified.
  bool Read(MarkedRecord& record, std::span<RawValue> values) const;

 private:
  struct Member {
    size_t text_begin = 0;  // In literals_: what stands between the value before and this one.
    size_t text_size = 0;
    size_t specials = 0;                         // Of that, bytes that MarkedRecord marks.
    const std::vector<int>* captures = nullptr;  // Borrowed from the path tree; null when nobody wants the value.
  };

  std::string literals_;  // With 16 bytes behind the last one.
  std::vector<Member> members_;
};

}  // namespace tailrace::ingest
