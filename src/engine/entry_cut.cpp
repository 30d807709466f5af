#include "engine/entry_cut.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace tailrace::engine {
namespace {

constexpr size_t kBlockBytes = 256 * 1024;
constexpr uint32_t kLarge = UINT32_MAX;  // In the place of a length.

template <typename T>
T Take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

// The bytes, or those of the place in large_.
struct StoredText {
  std::string_view bytes;
  bool large;
};

StoredText TakeText(const char*& at) {
  const auto size = Take<uint32_t>(at);
  const bool large = size == kLarge;
  const size_t bytes = large ? sizeof(uint32_t) : size;
  at += bytes;
  return {.bytes = {at - bytes, bytes}, .large = large};
}

}  // namespace

void EntryCut::Log::Close() {
  if (open.size() < kBlockBytes) return;
  blocks.push_back(std::move(open).Take());
  open = ByteWriter();
  open.Reserve(kBlockBytes + kBlockBytes / 8);
}

void EntryCut::WriteTexts(uint32_t index, ByteWriter& out) {
  for (size_t section = 0; section < sections_; ++section) {
    scratch_.Clear();
    write_(index, section, scratch_);
    if (scratch_.parts() > 0 || scratch_.size() >= kLarge) {
      out.U32(kLarge);
      out.U32(static_cast<uint32_t>(large_.size()));
      large_.push_back(
          std::make_unique<ByteWriter>(std::exchange(scratch_, ByteWriter::Deferring(scratch_.records_at_once()))));
    } else {
      out.Text(scratch_.bytes());
    }
  }
  left_[index] = false;
}

void EntryCut::WriteEarly(uint32_t index) {
  const std::lock_guard lock(early_mutex_);
  early_.open.U32(index);
  WriteTexts(index, early_.open);
  early_.Close();
}

size_t EntryCut::WriteSome(size_t bytes_max) {
  size_t written = 0;
  while (written < bytes_max && !complete_) {
    if (large_open_ < large_.size()) {
      ByteWriter& large = *large_[large_open_];
      const size_t before = large.live_bytes();
      if (!large.WriteSome(bytes_max - written)) ++large_open_;
      written += large.live_bytes() - before;
      continue;
    }
    const std::optional<uint32_t> index = order_();
    if (!index.has_value()) {
      complete_ = true;
      break;
    }
    const size_t before = in_order_.open.size();
    const bool here = left_[*index];
    in_order_.open.Bool(here);
    if (here) {
      WriteTexts(*index, in_order_.open);
    } else {
      in_order_.open.U32(*index);
    }
    written += in_order_.open.size() - before;
    in_order_.Close();
  }
  return written;
}

void EntryCut::FindEarly() {
  early_.blocks.push_back(std::move(early_.open).Take());  // Empty when the last entry filled a block.
  early_.open = ByteWriter();
  for (const std::string& block : early_.blocks) {
    for (const char* at = block.data(); at != block.data() + block.size();) {
      const auto index = Take<uint32_t>(at);
      found_.push_back({.index = index, .texts = at});
      for (size_t section = 0; section < sections_; ++section) TakeText(at);
    }
  }
  std::ranges::sort(found_, {}, &Early::index);
}

void EntryCut::AppendSection(size_t section, ByteWriter& out) {
  TAILRACE_CHECK(complete_);
  if (in_order_.open.size() > 0) in_order_.blocks.push_back(std::move(in_order_.open).Take());
  in_order_.open = ByteWriter();
  if (section == 0) FindEarly();
  const bool last = section + 1 == sections_;
  const auto append_text_of = [&](const char* at) {
    for (size_t before = 0; before < section; ++before) TakeText(at);
    const StoredText text = TakeText(at);
    if (!text.large) return out.Append(text.bytes);
    const char* place = text.bytes.data();
    std::move(*std::exchange(large_[Take<uint32_t>(place)], nullptr)).FinishInto(out);
  };
  for (std::string& block : in_order_.blocks) {
    for (const char* at = block.data(); at != block.data() + block.size();) {
      if (Take<char>(at) != 0) {
        append_text_of(at);
        for (size_t each = 0; each < sections_; ++each) TakeText(at);
        continue;
      }
      const auto early = std::ranges::lower_bound(found_, Take<uint32_t>(at), {}, &Early::index);
      append_text_of(early->texts);
    }
    if (last) std::exchange(block, {});
  }
}

}  // namespace tailrace::engine
