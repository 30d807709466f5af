#include "alarm/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "base/check.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

Error ErrorOf(sqlite3* database, std::string_view what) {
  const int code = sqlite3_errcode(database) & 0xff;
  ErrorCode mapped = ErrorCode::kInternal;
  switch (code) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
      mapped = ErrorCode::kUnavailable;
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      mapped = ErrorCode::kCorruption;
      break;
    case SQLITE_CANTOPEN:
      mapped = ErrorCode::kNotFound;
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      mapped = ErrorCode::kPermissionDenied;
      break;
    default:
      break;
  }
  const char* const path = sqlite3_db_filename(database, "main");
  return Error{mapped, StrCat(what, " ", path == nullptr ? "" : path, ": ", sqlite3_errmsg(database))};
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      next_parameter_(other.next_parameter_) {}

SqliteStatement& SqliteStatement::Bind(int64_t value) {
  TAILRACE_CHECK(sqlite3_bind_int64(statement_, next_parameter_++, value) == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::string_view text) {
  const int bound = sqlite3_bind_text64(statement_, next_parameter_++, text.data() == nullptr ? "" : text.data(),
                                        text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  TAILRACE_CHECK(bound == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(std::string_view bytes) {
  const int bound = sqlite3_bind_blob64(statement_, next_parameter_++, bytes.data() == nullptr ? "" : bytes.data(),
                                        bytes.size(), SQLITE_TRANSIENT);
  TAILRACE_CHECK(bound == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::optional<double> value) {
  const int bound = value.has_value() ? sqlite3_bind_double(statement_, next_parameter_, *value)
                                      : sqlite3_bind_null(statement_, next_parameter_);
  ++next_parameter_;
  TAILRACE_CHECK(bound == SQLITE_OK);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(std::optional<int64_t> value) {
  if (value.has_value()) return Bind(*value);
  TAILRACE_CHECK(sqlite3_bind_null(statement_, next_parameter_++) == SQLITE_OK);
  return *this;
}

Result<bool> SqliteStatement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ErrorOf(database_, "database");
}

Status SqliteStatement::Run() {
  TAILRACE_ASSIGN_OR_RETURN(const bool row, Step());
  TAILRACE_CHECK(!row);
  return Ok();
}

int64_t SqliteStatement::Int64(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteStatement::Text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

std::optional<double> SqliteStatement::Double(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

std::optional<int64_t> SqliteStatement::OptionalInt64(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_int64(statement_, column);
}

Result<std::unique_ptr<Sqlite>> Sqlite::Open(const std::string& path, Mode mode) {
  const int flags = (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  if (code != SQLITE_OK) {
    Error error = database == nullptr ? Error{ErrorCode::kInternal, "open database: out of memory"}
                                      : ErrorOf(database, "open database");
    sqlite3_close(database);
    return error;
  }
  std::unique_ptr<Sqlite> opened(new Sqlite(database));
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  if (mode == Mode::kReadOnly) return opened;
  TAILRACE_TRY(opened->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  TAILRACE_TRY(opened->Harden());
  return opened;
}

// A commit whose sync failed was refused, but its frames may be in the log, and whoever opens the file finds it done:
// in memory only, as the system takes the pages for clean. Moved into the database, it is on disk before it is
// believed. The disk may still hold a first part of the old log, which would be played over the database after a power
// failure: a commit that begins the log anew, under another salt, ends it.
Status Sqlite::Harden() {
  {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement checkpoint, Prepare("PRAGMA wal_checkpoint(TRUNCATE)"));
    TAILRACE_ASSIGN_OR_RETURN(const bool row, checkpoint.Step());
    if (row && checkpoint.Int64(0) != 0) {
      const char* const path = sqlite3_db_filename(database_, "main");
      return Error{ErrorCode::kUnavailable, StrCat("database ", path == nullptr ? "" : path,
                                                   ": somebody else reads it; it cannot be made safe now")};
    }
  }
  int64_t version = 0;
  {
    TAILRACE_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare("PRAGMA user_version"));
    TAILRACE_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (row) version = statement.Int64(0);
  }
  return Execute(StrCat("PRAGMA user_version = ", version));  // Writes a page, also when nothing changes.
}

Sqlite::~Sqlite() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Status Sqlite::Execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return Ok();
  return ErrorOf(database_, "database");
}

Result<SqliteStatement> Sqlite::Prepare(const std::string& sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(database_, sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return ErrorOf(database_, "database");
  }
  return SqliteStatement(database_, statement);
}

int64_t Sqlite::last_insert_id() const { return sqlite3_last_insert_rowid(database_); }
int Sqlite::changes() const { return sqlite3_changes(database_); }

Result<std::unique_ptr<SqliteTransaction>> SqliteTransaction::Begin(Sqlite& database) {
  TAILRACE_TRY(database.Execute("BEGIN IMMEDIATE"));
  return std::unique_ptr<SqliteTransaction>(new SqliteTransaction(database));
}

SqliteTransaction::~SqliteTransaction() {
  if (open_) database_.Execute("ROLLBACK").Ignore("SQLite may have rolled back by itself");
}

Status SqliteTransaction::Commit() {
  TAILRACE_TRY(database_.Execute("COMMIT"));
  open_ = false;
  return Ok();
}

std::string QuoteSqliteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace tailrace::alarm
