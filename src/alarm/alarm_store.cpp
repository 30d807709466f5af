#include "alarm/alarm_store.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr uint64_t kCommitsBetweenPrunes = 256;
constexpr uint32_t kRecordsMax = 1'000;
constexpr size_t kErrorCharsMax = 500;

constexpr const char* kSchema = R"(
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE alarm (name TEXT PRIMARY KEY, last_ordinal INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE alarm_key (
  alarm TEXT NOT NULL, key TEXT NOT NULL, firing INTEGER NOT NULL, fired_at INTEGER NOT NULL, last_row INTEGER NOT NULL,
  last_ordinal INTEGER NOT NULL, row_count INTEGER NOT NULL, max REAL, last_message INTEGER,
  held_rows INTEGER NOT NULL, held_max REAL, PRIMARY KEY (alarm, key)) WITHOUT ROWID;
CREATE TABLE alarm_event (
  id INTEGER PRIMARY KEY, alarm TEXT NOT NULL, key TEXT NOT NULL, kind INTEGER NOT NULL, time INTEGER NOT NULL,
  ordinal INTEGER NOT NULL, value REAL, row_count INTEGER NOT NULL, max REAL, since INTEGER);
CREATE TABLE message (
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, alarm TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL,
  ordinal INTEGER NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, value REAL, suppressed INTEGER NOT NULL,
  max REAL, row_json TEXT NOT NULL, history BLOB NOT NULL, created INTEGER NOT NULL);
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message(id), target TEXT NOT NULL,
  idempotency_key TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_attempt INTEGER,
  finished INTEGER, delayed INTEGER NOT NULL, last_error TEXT NOT NULL);
CREATE INDEX delivery_pending ON delivery (target, next_attempt) WHERE state = 0;
CREATE INDEX delivery_message ON delivery (message);
PRAGMA user_version = 1;
)";
// Came later and harms no earlier version, so the format's version stays.
constexpr const char* kEvidenceSchema =
    "CREATE TABLE IF NOT EXISTS alarm_evidence (event INTEGER PRIMARY KEY, body TEXT NOT NULL)";

constexpr const char* kMessageColumns =
    "m.kind, m.alarm, m.key, m.time, m.ordinal, m.subject, m.text, m.value, m.suppressed, m.max, m.row_json, m.history";

std::optional<int64_t> UnixMs(const std::optional<Timestamp>& time) {
  return time.has_value() ? std::optional<int64_t>(ToUnixMs(*time)) : std::nullopt;
}

std::optional<Timestamp> OptionalTime(std::optional<int64_t> unix_ms) {
  return unix_ms.has_value() ? std::optional<Timestamp>(FromUnixMs(*unix_ms)) : std::nullopt;
}

std::string EncodeHistory(const std::vector<HistoryRow>& rows) {
  ByteWriter writer;
  writer.U32(static_cast<uint32_t>(rows.size()));
  for (const HistoryRow& row : rows) {
    writer.I64(ToUnixMs(row.time));
    writer.Bool(row.value.has_value());
    writer.F64(row.value.value_or(0));
  }
  return std::move(writer).Take();
}

Result<std::vector<HistoryRow>> DecodeHistory(std::string_view bytes) {
  ByteReader reader(bytes);
  TAILRACE_ASSIGN_OR_RETURN(const uint32_t count, reader.U32());
  std::vector<HistoryRow> rows;
  for (uint32_t i = 0; i < count; ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const int64_t time, reader.I64());
    TAILRACE_ASSIGN_OR_RETURN(const bool has_value, reader.Bool());
    TAILRACE_ASSIGN_OR_RETURN(const double value, reader.F64());
    rows.push_back({.time = FromUnixMs(time), .value = has_value ? std::optional(value) : std::nullopt});
  }
  return rows;
}

// The message's columns begin at `first`, in the order of kMessageColumns.
Result<Message> ReadMessage(const SqliteStatement& row, int first) {
  TAILRACE_ASSIGN_OR_RETURN(std::vector<HistoryRow> history, DecodeHistory(row.Text(first + 11)));
  return Message{.kind = static_cast<MessageKind>(row.Int64(first)),
                 .alarm = row.Text(first + 1),
                 .key = row.Text(first + 2),
                 .time = FromUnixMs(row.Int64(first + 3)),
                 .ordinal = static_cast<data::Ordinal>(row.Int64(first + 4)),
                 .subject = row.Text(first + 5),
                 .text = row.Text(first + 6),
                 .value = row.Double(first + 7),
                 .suppressed = static_cast<uint64_t>(row.Int64(first + 8)),
                 .max = row.Double(first + 9),
                 .row_json = row.Text(first + 10),
                 .history = std::move(history)};
}

// From `firing` on, in the order of the table alarm_key.
KeyState ReadKeyState(const SqliteStatement& row, int first) {
  return {.firing = row.Int64(first) != 0,
          .fired_at = FromUnixMs(row.Int64(first + 1)),
          .last_row = FromUnixMs(row.Int64(first + 2)),
          .last_ordinal = static_cast<data::Ordinal>(row.Int64(first + 3)),
          .rows = static_cast<uint64_t>(row.Int64(first + 4)),
          .max = row.Double(first + 5),
          .last_message = OptionalTime(row.OptionalInt64(first + 6)),
          .held_rows = static_cast<uint64_t>(row.Int64(first + 7)),
          .held_max = row.Double(first + 8)};
}

// The same for the same row in the same store, so a replay and every attempt carry it again.
std::string IdempotencyKey(const std::string& instance, const Message& message, const std::string& target) {
  ByteWriter writer;
  writer.Text(instance);
  writer.Text(message.alarm);
  writer.Text(message.key);
  writer.U8(static_cast<uint8_t>(message.kind));
  writer.U64(message.ordinal);
  writer.Text(target);
  const std::array<uint8_t, 32> digest = Sha256(writer.bytes());
  return ToHex({reinterpret_cast<const char*>(digest.data()), 16});
}

}  // namespace

Result<std::unique_ptr<AlarmStore>> AlarmStore::Open(const std::string& path, Rng& seed, Limits limits) {
  TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Sqlite> writer, Sqlite::Open(path, Sqlite::Mode::kReadWrite));
  std::unique_ptr<AlarmStore> store(new AlarmStore(limits, std::move(writer)));
  TAILRACE_TRY(store->Initialise(path, seed));
  if (path != ":memory:") {
    TAILRACE_ASSIGN_OR_RETURN(store->reader_, Sqlite::Open(path, Sqlite::Mode::kReadOnly));
  }
  return store;
}

AlarmStore::Reading AlarmStore::Read() {
  if (reader_ == nullptr) return {.lock = std::unique_lock(writer_mutex_), .database = writer_.get()};
  return {.lock = std::unique_lock(reader_mutex_), .database = reader_.get()};
}

Status AlarmStore::Initialise(const std::string& path, Rng& seed) {
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteTransaction> transaction, SqliteTransaction::Begin(*writer_));
  int64_t version = 0;
  {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement statement, writer_->Prepare("PRAGMA user_version"));
    TAILRACE_TRY(statement.Step());
    version = statement.Int64(0);
  }
  if (version > kFormatVersion) {
    return Error{ErrorCode::kUnsupported, StrCat("alarm database ", path, ": format version ", version,
                                                 ", this program knows ", kFormatVersion)};
  }
  if (version == 0) {
    TAILRACE_TRY(writer_->Execute(kSchema));
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement insert, writer_->Prepare("INSERT INTO meta VALUES ('instance', ?)"));
    TAILRACE_TRY(insert.Bind(ToHex(seed.Bytes(16))).Run());
  }
  TAILRACE_TRY(writer_->Execute(kEvidenceSchema));
  {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select, writer_->Prepare("SELECT value FROM meta WHERE name='instance'"));
    TAILRACE_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return Error{ErrorCode::kCorruption, StrCat("alarm database ", path, ": it has no instance name")};
    instance_ = select.Text(0);
  }
  return transaction->Commit();
}

Result<StoredAlarm> AlarmStore::Load(const std::string& alarm) {
  const std::lock_guard lock(writer_mutex_);
  StoredAlarm stored;
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement head, writer_->Prepare("SELECT last_ordinal FROM alarm WHERE name = ?"));
  TAILRACE_ASSIGN_OR_RETURN(const bool known, head.Bind(alarm).Step());
  if (known) stored.last_ordinal = static_cast<data::Ordinal>(head.Int64(0));
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement keys,
      writer_->Prepare("SELECT key, firing, fired_at, last_row, last_ordinal, row_count, max, last_message, held_rows, "
                       "held_max FROM alarm_key WHERE alarm = ?"));
  keys.Bind(alarm);
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const bool row, keys.Step());
    if (!row) return stored;
    stored.keys.emplace(keys.Text(0), ReadKeyState(keys, 1));
  }
}

Status AlarmStore::Commit(const AlarmCommit& commit) {
  const std::lock_guard lock(writer_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteTransaction> transaction, SqliteTransaction::Begin(*writer_));
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement head, writer_->Prepare("INSERT OR REPLACE INTO alarm VALUES (?, ?)"));
  TAILRACE_TRY(head.Bind(commit.alarm).Bind(static_cast<int64_t>(commit.last_ordinal)).Run());
  TAILRACE_TRY(StoreKeys(commit));
  TAILRACE_TRY(StoreEvents(commit));
  TAILRACE_TRY(StoreOutgoing(commit));
  if (++commits_ % kCommitsBetweenPrunes == 0) TAILRACE_TRY(Prune());
  return transaction->Commit();
}

Status AlarmStore::StoreKeys(const AlarmCommit& commit) {
  for (const auto& [key, state] : commit.keys) {
    if (!state.has_value()) {
      TAILRACE_ASSIGN_OR_RETURN(SqliteStatement forget,
                                writer_->Prepare("DELETE FROM alarm_key WHERE alarm = ? AND key = ?"));
      TAILRACE_TRY(forget.Bind(commit.alarm).Bind(key).Run());
      continue;
    }
    TAILRACE_ASSIGN_OR_RETURN(
        SqliteStatement keep,
        writer_->Prepare("INSERT OR REPLACE INTO alarm_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    keep.Bind(commit.alarm).Bind(key).Bind(int64_t{state->firing ? 1 : 0}).Bind(ToUnixMs(state->fired_at));
    keep.Bind(ToUnixMs(state->last_row)).Bind(static_cast<int64_t>(state->last_ordinal));
    keep.Bind(static_cast<int64_t>(state->rows)).Bind(state->max).Bind(UnixMs(state->last_message));
    TAILRACE_TRY(keep.Bind(static_cast<int64_t>(state->held_rows)).Bind(state->held_max).Run());
  }
  return Ok();
}

Status AlarmStore::StoreEvents(const AlarmCommit& commit) {
  for (size_t i = 0; i < commit.events.size(); ++i) {
    const AlarmEvent& event = commit.events[i];
    TAILRACE_ASSIGN_OR_RETURN(
        SqliteStatement insert,
        writer_->Prepare("INSERT INTO alarm_event (alarm, key, kind, time, ordinal, value, row_count, max, since) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    insert.Bind(commit.alarm).Bind(event.key).Bind(static_cast<int64_t>(event.kind)).Bind(ToUnixMs(event.time));
    insert.Bind(static_cast<int64_t>(event.ordinal)).Bind(event.value).Bind(static_cast<int64_t>(event.rows));
    TAILRACE_TRY(insert.Bind(event.max).Bind(UnixMs(event.since)).Run());
    const auto evidence = commit.evidence.find(i);
    if (evidence == commit.evidence.end()) continue;
    const int64_t id = writer_->last_insert_id();
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement keep, writer_->Prepare("INSERT INTO alarm_evidence VALUES (?, ?)"));
    TAILRACE_TRY(keep.Bind(id).Bind(EvidenceToJson(evidence->second)).Run());
  }
  return Ok();
}

Status AlarmStore::StoreOutgoing(const AlarmCommit& commit) {
  for (const AlarmCommit::Outgoing& outgoing : commit.outgoing) {
    const Message& message = outgoing.message;
    int64_t message_id = 0;
    {
      TAILRACE_ASSIGN_OR_RETURN(
          SqliteStatement insert,
          writer_->Prepare("INSERT INTO message (kind, alarm, key, time, ordinal, subject, text, value, suppressed, "
                           "max, row_json, history, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
      insert.Bind(static_cast<int64_t>(message.kind)).Bind(message.alarm).Bind(message.key);
      insert.Bind(ToUnixMs(message.time)).Bind(static_cast<int64_t>(message.ordinal)).Bind(message.subject);
      insert.Bind(message.text).Bind(message.value).Bind(static_cast<int64_t>(message.suppressed)).Bind(message.max);
      insert.Bind(message.row_json).BindBlob(EncodeHistory(message.history)).Bind(ToUnixMs(commit.now));
      TAILRACE_TRY(insert.Run());
      message_id = writer_->last_insert_id();
    }
    for (const std::string& target : outgoing.targets) {
      TAILRACE_TRY(StoreDelivery(message_id, message, target, commit.now));
    }
  }
  return Ok();
}

Status AlarmStore::StoreDelivery(int64_t message_id, const Message& message, const std::string& target, Timestamp now) {
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement count,
                            writer_->Prepare("SELECT count(*) FROM (SELECT 1 FROM delivery INDEXED BY delivery_pending "
                                             "WHERE target = ? AND state = 0 LIMIT ?)"));
  TAILRACE_TRY(count.Bind(target).Bind(static_cast<int64_t>(limits_.pending_max)).Step());
  const bool full = static_cast<uint64_t>(count.Int64(0)) >= limits_.pending_max;
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement insert,
      writer_->Prepare("INSERT INTO delivery (message, target, idempotency_key, state, attempts, next_attempt, "
                       "finished, delayed, last_error) VALUES (?, ?, ?, ?, 0, ?, ?, 0, ?)"));
  const int64_t at = ToUnixMs(now);
  insert.Bind(message_id).Bind(target).Bind(IdempotencyKey(instance_, message, target));
  insert.Bind(static_cast<int64_t>(full ? DeliveryState::kDead : DeliveryState::kPending));
  insert.Bind(full ? std::nullopt : std::optional(at)).Bind(full ? std::optional(at) : std::nullopt);
  if (full) return insert.Bind(StrCat("outbox is full: ", limits_.pending_max, " entries wait for the target")).Run();
  return insert.Bind(std::string_view()).Run();
}

Status AlarmStore::Prune() {
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement events,
      writer_->Prepare("DELETE FROM alarm_event WHERE id <= (SELECT max(id) FROM alarm_event) - ?"));
  TAILRACE_TRY(events.Bind(static_cast<int64_t>(limits_.events_max)).Run());
  TAILRACE_TRY(
      writer_->Execute("DELETE FROM alarm_evidence WHERE event < (SELECT coalesce(min(id), 0) FROM alarm_event)"));
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement sent,
      writer_->Prepare("DELETE FROM delivery WHERE state = 1 AND id <= (SELECT max(id) FROM delivery) - ?"));
  TAILRACE_TRY(sent.Bind(static_cast<int64_t>(limits_.finished_max)).Run());
  return writer_->Execute(
      "DELETE FROM message WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)");
}

Result<std::optional<Delivery>> AlarmStore::NextDue(const std::string& target, Timestamp now, Timestamp latest) {
  const std::lock_guard lock(writer_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement select,
      writer_->Prepare(StrCat("SELECT d.id, d.idempotency_key, d.attempts, m.created, ", kMessageColumns,
                              " FROM delivery d JOIN message m ON m.id = d.message WHERE d.target = ? AND d.state = 0 "
                              "AND (d.next_attempt <= ? OR d.next_attempt > ?) ORDER BY d.id LIMIT 1")));
  TAILRACE_ASSIGN_OR_RETURN(const bool found, select.Bind(target).Bind(ToUnixMs(now)).Bind(ToUnixMs(latest)).Step());
  if (!found) return std::optional<Delivery>();
  TAILRACE_ASSIGN_OR_RETURN(Message message, ReadMessage(select, 4));
  return std::optional(Delivery{.id = select.Int64(0),
                                .target = target,
                                .idempotency_key = select.Text(1),
                                .message = std::move(message),
                                .attempts = static_cast<uint32_t>(select.Int64(2)),
                                .created = FromUnixMs(select.Int64(3))});
}

Result<std::optional<Timestamp>> AlarmStore::NextWake(const std::string& target) {
  const std::lock_guard lock(writer_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select,
                            writer_->Prepare("SELECT min(next_attempt) FROM delivery WHERE target = ? AND state = 0"));
  TAILRACE_TRY(select.Bind(target).Step());
  return OptionalTime(select.OptionalInt64(0));
}

Status AlarmStore::Finish(int64_t id, DeliveryState state, Timestamp now, bool delayed, const std::string& error) {
  const std::lock_guard lock(writer_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement update,
      writer_->Prepare("UPDATE delivery SET state = ?, attempts = attempts + 1, next_attempt = NULL, finished = ?, "
                       "delayed = ?, last_error = ? WHERE id = ?"));
  update.Bind(static_cast<int64_t>(state)).Bind(ToUnixMs(now)).Bind(int64_t{delayed ? 1 : 0});
  return update.Bind(Utf8Prefix(error, kErrorCharsMax)).Bind(id).Run();
}

Status AlarmStore::MarkSent(int64_t id, Timestamp now, bool delayed) {
  return Finish(id, DeliveryState::kSent, now, delayed, "");
}

Status AlarmStore::MarkDead(int64_t id, Timestamp now, const std::string& error) {
  return Finish(id, DeliveryState::kDead, now, false, error);
}

Status AlarmStore::MarkFailed(int64_t id, Timestamp next_attempt, const std::string& error) {
  const std::lock_guard lock(writer_mutex_);
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement update,
      writer_->Prepare("UPDATE delivery SET attempts = attempts + 1, next_attempt = ?, last_error = ? WHERE id = ?"));
  return update.Bind(ToUnixMs(next_attempt)).Bind(Utf8Prefix(error, kErrorCharsMax)).Bind(id).Run();
}

Status AlarmStore::Redrive(int64_t id, Timestamp now) {
  const std::lock_guard lock(writer_mutex_);
  // Its age counts anew, else it would be given up at once.
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement age,
      writer_->Prepare("UPDATE message SET created = ? WHERE id = (SELECT message FROM delivery WHERE id = ?)"));
  TAILRACE_TRY(age.Bind(ToUnixMs(now)).Bind(id).Run());
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement update,
      writer_->Prepare("UPDATE delivery SET state = 0, attempts = 0, next_attempt = ?, finished = NULL "
                       "WHERE id = ? AND state = 2"));
  TAILRACE_TRY(update.Bind(ToUnixMs(now)).Bind(id).Run());
  if (writer_->changes() == 0) return Error{ErrorCode::kNotFound, StrCat("no dead letter with id ", id)};
  return Ok();
}

Result<std::vector<AlarmStatus>> AlarmStore::ListAlarms() {
  const Reading reading = Read();
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement select,
      reading.database->Prepare("SELECT alarm, key, firing, fired_at, last_row, last_ordinal, row_count, max, "
                                "last_message, held_rows, held_max FROM alarm_key ORDER BY alarm, key"));
  std::vector<AlarmStatus> alarms;
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return alarms;
    alarms.push_back({.alarm = select.Text(0), .key = select.Text(1), .state = ReadKeyState(select, 2)});
  }
}

namespace {

constexpr const char* kEventColumns = "id, alarm, key, kind, time, ordinal, value, row_count, max, since";

EventRecord ReadEvent(const SqliteStatement& row) {
  return {.id = row.Int64(0),
          .alarm = row.Text(1),
          .event = {.kind = static_cast<EventKind>(row.Int64(3)),
                    .key = row.Text(2),
                    .time = FromUnixMs(row.Int64(4)),
                    .ordinal = static_cast<data::Ordinal>(row.Int64(5)),
                    .value = row.Double(6),
                    .rows = static_cast<uint64_t>(row.Int64(7)),
                    .max = row.Double(8),
                    .since = OptionalTime(row.OptionalInt64(9))}};
}

}  // namespace

Result<std::pair<EventRecord, std::optional<Evidence>>> AlarmStore::FindEvent(int64_t id) {
  const Reading reading = Read();
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select, reading.database->Prepare(StrCat(
                                                        "SELECT ", kEventColumns, " FROM alarm_event WHERE id = ?")));
  TAILRACE_ASSIGN_OR_RETURN(const bool found, select.Bind(id).Step());
  if (!found) return Error{ErrorCode::kNotFound, StrCat("there is no event with id ", id)};
  std::pair<EventRecord, std::optional<Evidence>> event{ReadEvent(select), std::nullopt};
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement evidence,
                            reading.database->Prepare("SELECT body FROM alarm_evidence WHERE event = ?"));
  TAILRACE_ASSIGN_OR_RETURN(const bool stored, evidence.Bind(id).Step());
  if (stored) {
    TAILRACE_ASSIGN_OR_RETURN(event.second, EvidenceFromJson(evidence.Text(0)));
  }
  return event;
}

Result<std::vector<EventRecord>> AlarmStore::ListEvents(const RecordFilter& filter) {
  const Reading reading = Read();
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement select,
      reading.database->Prepare(StrCat("SELECT ", kEventColumns,
                                       " FROM alarm_event "
                                       "WHERE (?1 = '' OR alarm = ?1) AND id < ?2 ORDER BY id DESC LIMIT ?3")));
  select.Bind(filter.alarm).Bind(filter.before_id).Bind(int64_t{std::min(filter.records_max, kRecordsMax)});
  std::vector<EventRecord> records;
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return records;
    records.push_back(ReadEvent(select));
  }
}

Result<std::vector<DeliveryRecord>> AlarmStore::ListDeliveries(const RecordFilter& filter) {
  const Reading reading = Read();
  TAILRACE_ASSIGN_OR_RETURN(
      SqliteStatement select,
      reading.database->Prepare(
          "SELECT d.id, m.alarm, m.key, m.kind, d.target, d.state, m.time, m.subject, m.text, d.attempts, d.delayed, "
          "d.next_attempt, d.finished, d.last_error FROM delivery d JOIN message m ON m.id = d.message "
          "WHERE (?1 = '' OR m.alarm = ?1) AND (?2 < 0 OR d.state = ?2) AND d.id < ?3 ORDER BY d.id DESC LIMIT ?4"));
  select.Bind(filter.alarm).Bind(filter.state.has_value() ? static_cast<int64_t>(*filter.state) : int64_t{-1});
  select.Bind(filter.before_id).Bind(int64_t{std::min(filter.records_max, kRecordsMax)});
  std::vector<DeliveryRecord> records;
  while (true) {
    TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) return records;
    records.push_back({.id = select.Int64(0),
                       .alarm = select.Text(1),
                       .key = select.Text(2),
                       .kind = static_cast<MessageKind>(select.Int64(3)),
                       .target = select.Text(4),
                       .state = static_cast<DeliveryState>(select.Int64(5)),
                       .time = FromUnixMs(select.Int64(6)),
                       .subject = select.Text(7),
                       .text = select.Text(8),
                       .attempts = static_cast<uint32_t>(select.Int64(9)),
                       .delayed = select.Int64(10) != 0,
                       .next_attempt = OptionalTime(select.OptionalInt64(11)),
                       .finished = OptionalTime(select.OptionalInt64(12)),
                       .last_error = select.Text(13)});
  }
}

Result<uint64_t> AlarmStore::CountDeliveries(DeliveryState state) {
  const Reading reading = Read();
  TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select,
                            reading.database->Prepare("SELECT count(*) FROM delivery WHERE state = ?"));
  TAILRACE_TRY(select.Bind(static_cast<int64_t>(state)).Step());
  return static_cast<uint64_t>(select.Int64(0));
}

}  // namespace tailrace::alarm
