#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alarm/alarm.h"
#include "alarm/evidence.h"
#include "alarm/sqlite.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/rng.h"
#include "data/ports.h"

namespace tailrace::alarm {

// One row of the history table.
struct HistoryRow {
  Timestamp time{};
  std::optional<double> value;
  bool operator==(const HistoryRow&) const = default;
};

enum class MessageKind : uint8_t { kAlarm, kResolved, kHistory };

// What is to be told, the same for every target.
struct Message {
  MessageKind kind = MessageKind::kAlarm;
  std::string alarm;
  std::string key;
  Timestamp time{};  // ROWTIME of the row.
  data::Ordinal ordinal = 0;
  std::string subject;
  std::string text;
  std::optional<double> value;
  uint64_t suppressed = 0;
  std::optional<double> max;
  std::string row_json;             // The row's columns as one object; empty for kResolved and kHistory.
  std::vector<HistoryRow> history;  // kHistory only.
};

// A message on its way to one target.
struct Delivery {
  int64_t id = 0;
  std::string target;
  std::string idempotency_key;  // 32 hex digits, the same at every attempt.
  Message message;
  uint32_t attempts = 0;
  Timestamp created{};
};

// Everything that one batch of rows changes, stored in one transaction.
struct AlarmCommit {
  struct Outgoing {
    Message message;
    std::vector<std::string> targets;
  };
  std::string alarm;
  data::Ordinal last_ordinal = 0;
  std::map<std::string, std::optional<KeyState>> keys;  // Changed ones; nothing: forgotten.
  std::vector<AlarmEvent> events;
  std::map<size_t, Evidence> evidence;  // By index in `events`.
  std::vector<Outgoing> outgoing;
  Timestamp now{};  // When the first attempt may be made.
};

struct StoredAlarm {
  data::Ordinal last_ordinal = 0;
  std::map<std::string, KeyState> keys;
};

// For pages.
struct AlarmStatus {
  std::string alarm;
  std::string key;
  KeyState state;
};
struct EventRecord {
  int64_t id = 0;
  std::string alarm;
  AlarmEvent event;
};
enum class DeliveryState : uint8_t { kPending, kSent, kDead };
struct DeliveryRecord {
  int64_t id = 0;
  std::string alarm;
  std::string key;
  MessageKind kind = MessageKind::kAlarm;
  std::string target;
  DeliveryState state = DeliveryState::kPending;
  Timestamp time{};
  std::string subject;
  std::string text;
  uint32_t attempts = 0;
  bool delayed = false;
  std::optional<Timestamp> next_attempt;  // kPending.
  std::optional<Timestamp> finished;      // kSent, kDead.
  std::string last_error;
};
struct RecordFilter {
  std::string alarm;                   // Empty: all.
  std::optional<DeliveryState> state;  // Deliveries only.
  int64_t before_id = INT64_MAX;       // For the next page: the smallest id seen.
  uint32_t records_max = 100;
};

// What an alarm keeps its state in.
class AlarmLedger {
 public:
  virtual ~AlarmLedger() = default;
  virtual Result<StoredAlarm> Load(const std::string& alarm) = 0;
  // Everything or nothing.
  virtual Status Commit(const AlarmCommit& commit) = 0;
};

// The alarms' own database: state, events and outbox of one application.
//
// State    One SQLite file; the newest `events_max` events and `finished_max` sent deliveries are kept.
// Errors   Those of Sqlite; kUnsupported: a later version wrote the file.
// Threads  Any; writers wait for one another, pages read beside them.
class AlarmStore final : public AlarmLedger {
 public:
  struct Limits {
    uint64_t events_max = 100'000;
    uint64_t finished_max = 100'000;
    uint64_t pending_max = 100'000;  // A target; what comes on top is a dead letter at once.
  };

  // `seed` names a new database for idempotency keys: two stores never share one. The path ":memory:" makes a store
  // that keeps nothing: for replays that only ask what would have rung.
  static Result<std::unique_ptr<AlarmStore>> Open(const std::string& path, Rng& seed, Limits limits);
  static Result<std::unique_ptr<AlarmStore>> Open(const std::string& path, Rng& seed) { return Open(path, seed, {}); }

  Result<StoredAlarm> Load(const std::string& alarm) override;
  Status Commit(const AlarmCommit& commit) override;

  // The oldest pending delivery of the target that is due. One whose time lies beyond `latest` is due too: the clock
  // was set back.
  Result<std::optional<Delivery>> NextDue(const std::string& target, Timestamp now, Timestamp latest);
  // When NextDue will have something.
  Result<std::optional<Timestamp>> NextWake(const std::string& target);
  Status MarkSent(int64_t id, Timestamp now, bool delayed);
  Status MarkFailed(int64_t id, Timestamp next_attempt, const std::string& error);
  Status MarkDead(int64_t id, Timestamp now, const std::string& error);
  // Puts a dead letter back into the outbox. Errors: kNotFound: there is no such dead letter.
  Status Redrive(int64_t id, Timestamp now);

  Result<std::vector<AlarmStatus>> ListAlarms();                            // By alarm and key.
  Result<std::vector<EventRecord>> ListEvents(const RecordFilter& filter);  // Newest first.
  // One event with what it rests on; nothing when it was stored without. Errors: kNotFound.
  Result<std::pair<EventRecord, std::optional<Evidence>>> FindEvent(int64_t id);
  Result<std::vector<DeliveryRecord>> ListDeliveries(const RecordFilter& filter);  // Newest first.
  Result<uint64_t> CountDeliveries(DeliveryState state);

 private:
  AlarmStore(Limits limits, std::unique_ptr<Sqlite> writer) : limits_(limits), writer_(std::move(writer)) {}

  // The connection for pages, held.
  struct Reading {
    std::unique_lock<std::mutex> lock;
    Sqlite* database;
  };
  Reading Read();

  Status Initialise(const std::string& path, Rng& seed);
  Status StoreKeys(const AlarmCommit& commit);
  Status StoreEvents(const AlarmCommit& commit);
  Status StoreOutgoing(const AlarmCommit& commit);
  Status StoreDelivery(int64_t message_id, const Message& message, const std::string& target, Timestamp now);
  Status Finish(int64_t id, DeliveryState state, Timestamp now, bool delayed, const std::string& error);
  Status Prune();

  const Limits limits_;
  std::string instance_;
  std::mutex writer_mutex_;
  std::unique_ptr<Sqlite> writer_;
  std::mutex reader_mutex_;
  std::unique_ptr<Sqlite> reader_;  // Null in memory: there is only one connection.
  uint64_t commits_ = 0;
};

}  // namespace tailrace::alarm
