#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace tailrace::engine {

// The entries of a keyed state as they are at one moment, written little by little while the state goes on changing.
//
// An entry is written when its turn comes, or before that when it is about to change: whoever changes an entry calls
// Keep first. So nobody waits longer than it takes to write what a batch touches, however many entries there are. A
// section of an entry may itself be too large for that: it adds live parts to its writer, and whoever changes the entry
// from then on tells those. In the end the sections have the bytes that writing everything at that moment gives.
// State    The bytes written, and a bit an entry.
// Threads  One owner; AppendSection, once nothing is left to write, on any one thread. Keep may be called by several at
//          once while the owner waits for them, if no two of them keep entries of the same kEntriesApart.
class EntryCut final : public ByteWriter::LivePart {
 public:
  static constexpr uint32_t kEntriesApart = 64;
  // Writes what one section says of an entry, into a deferring writer.
  using Write = std::function<void(uint32_t index, size_t section, ByteWriter& out)>;
  // The indices of all entries, one after the other, in the order of saving; then nothing.
  using Order = std::function<std::optional<uint32_t>()>;

  // `entries`: by index, whether there is one. Both functions go on working while the state changes: `order` must not
  // see that, `write` reads entries that have not changed yet.
  EntryCut(std::vector<bool> entries, Order order, size_t sections, Write write,
           size_t records_at_once = ByteWriter::kRecordsAtOnce)
      : left_(std::move(entries)),
        order_(std::move(order)),
        sections_(sections),
        write_(std::move(write)),
        scratch_(ByteWriter::Deferring(records_at_once)) {}

  void Keep(uint32_t index) {
    if (index >= left_.size() || !left_[index]) return;
    WriteEarly(index);
  }
  void Keep(std::span<const uint32_t> indices) {
    if (complete_) return;
    for (const uint32_t index : indices) Keep(index);
  }
  bool complete() const { return complete_; }

  size_t WriteSome(size_t bytes_max) override;
  // Appends the bytes of a section. Only when complete; each once, in order.
  void AppendSection(size_t section, ByteWriter& out);

 private:
  // Bytes in blocks, so that no large one is ever moved; what is written between two Closes stays in one block.
  struct Log {
    std::deque<std::string> blocks;
    ByteWriter open;
    void Close();
  };
  struct Early {
    uint32_t index;
    const char* texts;
  };

  void WriteEarly(uint32_t index);
  void WriteTexts(uint32_t index, ByteWriter& out);
  void FindEarly();

  std::vector<bool> left_;
  const Order order_;
  const size_t sections_;
  const Write write_;
  bool complete_ = false;
  std::mutex early_mutex_;
  ByteWriter scratch_;
  std::vector<std::unique_ptr<ByteWriter>> large_;  // Texts with live parts.
  size_t large_open_ = 0;                           // The first of them in which something may be left.
  // A text is its length and its bytes, or kLarge and its place in large_.
  Log in_order_;              // Each: 1 and a text a section, or 0 and the index of an entry that was written early.
  Log early_;                 // Each: index, a text a section.
  std::vector<Early> found_;  // By index.
};

}  // namespace tailrace::engine
