#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tailrace::alarm {

// One use of a prepared statement; ready for the next use when it goes. Columns and parameters count from 0 and 1.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&&) = delete;

  SqliteStatement& Bind(int64_t value);  // Parameters are bound in order.
  SqliteStatement& Bind(std::string_view text);
  SqliteStatement& BindBlob(std::string_view bytes);
  SqliteStatement& Bind(std::optional<double> value);
  SqliteStatement& Bind(std::optional<int64_t> value);

  // True: a row is there. False: done.
  Result<bool> Step();
  // For statements without rows.
  Status Run();

  int64_t Int64(int column) const;
  std::string Text(int column) const;
  std::optional<double> Double(int column) const;  // Nothing when NULL.
  std::optional<int64_t> OptionalInt64(int column) const;

 private:
  sqlite3* database_;
  sqlite3_stmt* statement_;
  int next_parameter_ = 1;
};

// One connection. Not synchronised: one owner at a time.
// Errors  kUnavailable: disk full, input or output failed, locked by another process: try again. kCorruption: the file
//         is damaged or no database. kNotFound, kPermissionDenied: it cannot be opened.
class Sqlite {
 public:
  enum class Mode : uint8_t { kReadWrite, kReadOnly };

  // Write-ahead log, every commit synced.
  static Result<std::unique_ptr<Sqlite>> Open(const std::string& path, Mode mode);
  ~Sqlite();
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  // Runs statements without parameters or rows.
  Status Execute(const std::string& sql);
  // Prepared once a text, then reused.
  Result<SqliteStatement> Prepare(const std::string& sql);
  int64_t last_insert_id() const;
  int changes() const;

 private:
  explicit Sqlite(sqlite3* database) : database_(database) {}
  Status Harden();

  sqlite3* const database_;
  std::map<std::string, sqlite3_stmt*> statements_;
};

// Begins at once; rolls back when it goes without a commit.
class SqliteTransaction {
 public:
  static Result<std::unique_ptr<SqliteTransaction>> Begin(Sqlite& database);
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  Status Commit();

 private:
  explicit SqliteTransaction(Sqlite& database) : database_(database) {}
  Sqlite& database_;
  bool open_ = true;
};

// "name", with inner quotes doubled.
std::string QuoteSqliteName(std::string_view name);

}  // namespace tailrace::alarm
