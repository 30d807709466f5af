#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tailrace::table {

// The parts of the database, each with its own keys.
enum class Space : uint8_t {
  kItems,   // Table id, encoded key.
  kFeed,    // Table id, sequence: changes.
  kExpiry,  // Time, table id, encoded key: what to sweep when.
  kTables,  // Definitions and counts of tables.
  kNotes,   // Small values of others: sinks' ordinals, dead letters.
};
inline constexpr size_t kSpaces = 5;
inline constexpr uint64_t kTableMemoryDefault = 32 << 20;

struct Mutation {
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  Kind kind = Kind::kPut;
  Space space = Space::kItems;
  std::string key;
  std::string value;  // kDeleteRange: the first key that stays.
};

// Walks one space in key order, over the state of the moment it was made.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void Seek(std::string_view key) = 0;          // First key at or after.
  virtual void SeekBackward(std::string_view key) = 0;  // Last key before.
  virtual bool valid() const = 0;
  virtual void Next() = 0;
  virtual void Previous() = 0;
  virtual std::string_view key() const = 0;    // Until the next move.
  virtual std::string_view value() const = 0;  // Until the next move.
  // Errors met on the way; a cursor that met one is not valid.
  virtual Status status() const = 0;
};

// An ordered, durable map of bytes to bytes on RocksDB.
//
// State    In memory at most about `memory_bytes`: blocks that were read, indices, filters, and at most half of it what
//          was written and is not in a file yet. A flush that is slow may exceed it by the writes that come meanwhile.
// Errors   kUnavailable: the folder is in use. kCorruption, kLimitExceeded (disk full), kInternal.
// Threads  Any.
class KeyValueStore {
 public:
  struct Options {
    bool sync = true;  // A write is answered when it is on disk; else when the operating system has it.
    uint64_t memory_bytes = kTableMemoryDefault;
  };

  static Result<std::unique_ptr<KeyValueStore>> Open(const std::string& folder, Options options);
  virtual ~KeyValueStore() = default;

  virtual Result<std::optional<std::string>> Get(Space space, std::string_view key) const = 0;
  // All or none.
  virtual Status Write(const std::vector<Mutation>& mutations) = 0;
  virtual std::unique_ptr<Cursor> MakeCursor(Space space) const = 0;
};

}  // namespace tailrace::table
