#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace tailrace::stream {

// The highest number a shard has from each producer.
//
// State   At most kProducersMax entries; a new one then replaces the one silent for longest (by arrival, then name), so
//         that the same records always leave the same entries.
// Threads One owner.
class Producers {
 public:
  uint64_t Last(std::string_view producer) const;  // 0: none.
  void Set(std::string_view producer, uint64_t last, int64_t arrival_unix_ms);

  // Keeps only what both have, at the lower number: nothing is dropped later that one of them never had.
  void Intersect(const Producers& other);

  void Save(ByteWriter& writer) const;
  Status Load(ByteReader& reader);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t last = 0;
    int64_t arrival_unix_ms = 0;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace tailrace::stream
