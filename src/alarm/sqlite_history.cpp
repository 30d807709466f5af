#include <mutex>

#include "alarm/alarm_sink.h"
#include "alarm/sqlite.h"
#include "alarm/target.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::alarm {
namespace {

// The table that people query, and beside it the keys of what was taken, in one transaction each.
class SqliteHistory final : public HistoryTarget {
 public:
  explicit SqliteHistory(const SqliteHistoryTarget& config)
      : path_(config.path), table_(QuoteSqliteName(config.table)) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const std::lock_guard lock(mutex_);
    const Status stored = Store(outgoing);
    if (!stored.ok()) database_.reset();  // Opened anew at the next attempt: the file may have been replaced.
    return {.status = stored};
  }

  Result<std::vector<MonthSummary>> MonthlySummary() override {
    const std::lock_guard lock(mutex_);
    TAILRACE_TRY(Open());
    TAILRACE_ASSIGN_OR_RETURN(
        SqliteStatement select,
        database_->Prepare(StrCat("SELECT substr(alarm_creation_time, 1, 7) AS month, count(*), max(Number_of_orders) "
                                  "FROM ",
                                  table_, " GROUP BY month ORDER BY month LIMIT 1200")));
    std::vector<MonthSummary> months;
    while (true) {
      TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return months;
      months.push_back(
          {.month = select.Text(0), .alarms = static_cast<uint64_t>(select.Int64(1)), .orders_max = select.Double(2)});
    }
  }

  Result<std::vector<HistoryRow>> NewestRows(uint32_t rows_max) override {
    const std::lock_guard lock(mutex_);
    TAILRACE_TRY(Open());
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement select,
                              database_->Prepare(StrCat("SELECT alarm_creation_time, Number_of_orders FROM ", table_,
                                                        " ORDER BY alarm_creation_time DESC, rowid DESC LIMIT ?")));
    select.Bind(int64_t{rows_max});
    std::vector<HistoryRow> rows;
    while (true) {
      TAILRACE_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) return rows;
      const auto time = data::ParseTimestamp(select.Text(0), true);
      rows.push_back({.time = FromUnixMs(time.value_or(0)), .value = select.Double(1)});
    }
  }

 private:
  Status Open() {
    if (database_ != nullptr) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(std::unique_ptr<Sqlite> database, Sqlite::Open(path_, Sqlite::Mode::kReadWrite));
    TAILRACE_TRY(database->Execute(StrCat(
        "CREATE TABLE IF NOT EXISTS ", table_, " (alarm_creation_time DATETIME, Number_of_orders INT);",
        "CREATE TABLE IF NOT EXISTS tailrace_history_taken (idempotency_key TEXT PRIMARY KEY, taken_at DATETIME) "
        "WITHOUT ROWID")));
    database_ = std::move(database);
    return Ok();
  }

  Status Store(const Outgoing& outgoing) {
    TAILRACE_TRY(Open());
    TAILRACE_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteTransaction> transaction,
                              SqliteTransaction::Begin(*database_));
    {
      TAILRACE_ASSIGN_OR_RETURN(SqliteStatement take,
                                database_->Prepare("INSERT OR IGNORE INTO tailrace_history_taken VALUES (?, ?)"));
      TAILRACE_TRY(take.Bind(outgoing.delivery.idempotency_key).Bind(MessageTime(outgoing.now)).Run());
    }
    if (database_->changes() == 0) return Ok();  // Taken before a crash.
    for (const HistoryRow& row : outgoing.delivery.message.history) {
      TAILRACE_ASSIGN_OR_RETURN(SqliteStatement insert,
                                database_->Prepare(StrCat("INSERT INTO ", table_, " VALUES (?, ?)")));
      TAILRACE_TRY(insert.Bind(MessageTime(row.time)).Bind(row.value).Run());
    }
    return transaction->Commit();
  }

  const std::string path_;
  const std::string table_;
  std::mutex mutex_;
  std::unique_ptr<Sqlite> database_;
};

}  // namespace

Result<std::unique_ptr<HistoryTarget>> MakeSqliteHistory(const TargetConfig& config) {
  const SqliteHistoryTarget& sqlite = std::get<SqliteHistoryTarget>(config.kind);
  if (sqlite.path.empty()) return Error{ErrorCode::kInvalidArgument, "sqlite history needs a path"};
  if (sqlite.table.empty()) return Error{ErrorCode::kInvalidArgument, "sqlite history needs a table"};
  return std::unique_ptr<HistoryTarget>(std::make_unique<SqliteHistory>(sqlite));
}

}  // namespace tailrace::alarm
