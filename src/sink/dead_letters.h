#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "data/ports.h"
#include "table/table_store.h"

namespace tailrace::sink {

// A row has at most one letter a sink.
struct LetterId {
  std::string sink;
  data::Ordinal ordinal = 0;
  bool operator==(const LetterId&) const = default;
};

// A row that its sink could not take.
struct DeadLetter {
  LetterId id;
  std::string reason;
  std::string row_json;
  // The record it came from, when it is known.
  std::optional<std::string> bytes;
  std::optional<uint32_t> shard;
  std::optional<uint64_t> sequence;
  Timestamp time{};       // When it was given up first.
  uint32_t redrives = 0;  // How often it came back.
  bool operator==(const DeadLetter&) const = default;
};

// Keeps the rows that sinks could not take, in the transactions of those sinks.
//
// State    At most `letters_max` letters a sink; then the oldest make room and are counted. In memory: their ordinals,
// 8
//          bytes a letter.
// Threads  Any.
class DeadLetters {
 public:
  struct Options {
    size_t letters_max = 100'000;  // Of one sink.
    size_t bytes_max = 64 << 10;   // Of a letter's record and row; longer ones are cut.
  };

  // All borrowed; they outlive it.
  static Result<std::unique_ptr<DeadLetters>> Open(table::TableStore& store, const Clock& clock,
                                                   MetricsRegistry& metrics, Options options);

  // Letters on their way into one transaction.
  class Pending {
   public:
    explicit Pending(DeadLetters& letters) : letters_(letters) {}
    // A letter of the same row is replaced.
    void Add(DeadLetter letter) { added_.push_back(std::move(letter)); }
    void Remove(LetterId id) { removed_.push_back(std::move(id)); }
    bool empty() const { return added_.empty() && removed_.empty(); }
    size_t size() const { return added_.size(); }
    // Puts all into `changes`. When those are applied, Commit must follow.
    void AppendTo(table::Changes& changes);
    void Commit();

   private:
    DeadLetters& letters_;
    std::vector<DeadLetter> added_;
    std::vector<LetterId> removed_;
    std::vector<LetterId> dropped_;  // To make room.
  };

  struct Page {
    std::vector<DeadLetter> letters;
    std::optional<LetterId> last;  // Where the next page begins; nothing: this was the last page.
  };
  // Letters of one sink by ordinal, or of all sinks by name when `sink` is empty.
  Result<Page> List(std::string_view sink, const std::optional<LetterId>& after, size_t limit) const;
  // Errors: kNotFound.
  Result<DeadLetter> Get(const LetterId& id) const;
  Status Delete(const LetterId& id);
  // Replaces the letter by what is known now. Errors: kNotFound.
  Status Update(const DeadLetter& letter);
  // Removes all letters of the sink. Output: how many.
  Result<uint64_t> Purge(const std::string& sink);

  size_t count(const std::string& sink) const;
  std::map<std::string, size_t> counts() const;

 private:
  DeadLetters(table::TableStore& store, const Clock& clock, MetricsRegistry& metrics, Options options);
  Status Load();

  table::TableStore& store_;
  const Clock& clock_;
  MetricsRegistry& metrics_;
  const Options options_;
  mutable std::mutex mutex_;  // Guards ordinals_.
  // Ascending. Letters come and make room in that order, so nothing in the middle is moved, as a rule.
  using Ordinals = std::deque<data::Ordinal>;
  std::map<std::string, Ordinals> ordinals_;
};

}  // namespace tailrace::sink
