#include <mysql.h>
#include <mysqld_error.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <mutex>

#include "alarm/alarm_sink.h"
#include "alarm/target.h"
#include "base/check.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::alarm {
namespace {

constexpr unsigned kConnectTimeoutMaxS = 10;

struct ConnectionClose {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
};
using Connection = std::unique_ptr<MYSQL, ConnectionClose>;

struct StatementClose {
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using Statement = std::unique_ptr<MYSQL_STMT, StatementClose>;

struct ResultFree {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using ResultSet = std::unique_ptr<MYSQL_RES, ResultFree>;

// Data that the table cannot hold will not fit later either; everything else (rights, missing tables, a server that is
// away) somebody may mend.
ErrorCode CodeOf(unsigned error) {
  switch (error) {
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_DATA_TOO_LONG:
      return ErrorCode::kInvalidArgument;
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:
      return ErrorCode::kPermissionDenied;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::string QuoteName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + '`';
}

// Texts bound to the parameters of one execution; "NULL" for nothing.
using Parameters = std::vector<std::optional<std::string>>;

// Blocking, over MariaDB Connector/C. One connection for deliveries, opened when needed and again after any failure;
// pages open their own.
class MysqlHistory final : public HistoryTarget {
 public:
  explicit MysqlHistory(const TargetConfig& config)
      : config_(std::get<MysqlHistoryTarget>(config.kind)),
        timeout_s_(static_cast<unsigned>(
            std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(config.timeout).count()))),
        table_(QuoteName(config_.table)),
        place_(StrCat("mysql ", config_.host, ":", config_.port, "/", config_.database)) {}

  Attempt Deliver(const Outgoing& outgoing) override {
    const Status stored = Store(outgoing);
    if (!stored.ok()) connection_.reset();
    return {.status = stored};
  }

  Result<std::vector<MonthSummary>> MonthlySummary() override {
    TAILRACE_ASSIGN_OR_RETURN(const Connection connection, Connect());
    TAILRACE_ASSIGN_OR_RETURN(
        const ResultSet result,
        Query(*connection, StrCat("SELECT DATE_FORMAT(alarm_creation_time, '%Y-%m') AS month, COUNT(*), "
                                  "MAX(Number_of_orders) FROM ",
                                  table_, " GROUP BY month ORDER BY month LIMIT 1200")));
    std::vector<MonthSummary> months;
    while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
      months.push_back({.month = row[0] == nullptr ? "" : row[0],
                        .alarms = static_cast<uint64_t>(ParseInt64(row[1]).value_or(0)),
                        .orders_max = row[2] == nullptr ? std::nullopt : ParseDouble(row[2])});
    }
    return months;
  }

  Result<std::vector<HistoryRow>> NewestRows(uint32_t rows_max) override {
    TAILRACE_ASSIGN_OR_RETURN(const Connection connection, Connect());
    TAILRACE_ASSIGN_OR_RETURN(const ResultSet result,
                              Query(*connection, StrCat("SELECT alarm_creation_time, Number_of_orders FROM ", table_,
                                                        " ORDER BY alarm_creation_time DESC LIMIT ", rows_max)));
    std::vector<HistoryRow> rows;
    while (const MYSQL_ROW row = mysql_fetch_row(result.get())) {
      const auto time = row[0] == nullptr ? std::nullopt : data::ParseTimestamp(row[0], true);
      rows.push_back(
          {.time = FromUnixMs(time.value_or(0)), .value = row[1] == nullptr ? std::nullopt : ParseDouble(row[1])});
    }
    return rows;
  }

 private:
  Error ErrorOf(unsigned code, const char* text) const {
    return Error{CodeOf(code), StrCat(place_, ": ", text, " (", code, ")")};
  }

  Result<Connection> Connect() const {
    Connection connection(mysql_init(nullptr));
    TAILRACE_CHECK(connection != nullptr);
    const unsigned connect_timeout_s = std::min(timeout_s_, kConnectTimeoutMaxS);
    mysql_options(connection.get(), MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout_s);
    mysql_options(connection.get(), MYSQL_OPT_READ_TIMEOUT, &timeout_s_);
    mysql_options(connection.get(), MYSQL_OPT_WRITE_TIMEOUT, &timeout_s_);
    mysql_options(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const my_bool enforce_tls = config_.require_tls ? 1 : 0;
    mysql_options(connection.get(), MYSQL_OPT_SSL_ENFORCE, &enforce_tls);
    const my_bool verify = config_.ca_file.empty() ? 0 : 1;
    mysql_options(connection.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (!config_.ca_file.empty()) mysql_options(connection.get(), MYSQL_OPT_SSL_CA, config_.ca_file.c_str());
    if (mysql_real_connect(connection.get(), config_.host.c_str(), config_.user.c_str(),
                           config_.password.Reveal().c_str(), config_.database.c_str(), config_.port, nullptr,
                           0) == nullptr) {
      return ErrorOf(mysql_errno(connection.get()), mysql_error(connection.get()));
    }
    TAILRACE_TRY(MakeTable(*connection, table_, "alarm_creation_time DATETIME, Number_of_orders INT"));
    TAILRACE_TRY(MakeTable(*connection, "tailrace_history_taken",
                           "idempotency_key CHAR(32) CHARACTER SET ascii PRIMARY KEY, taken_at DATETIME"));
    return connection;
  }

  Status MakeTable(MYSQL& connection, std::string_view name, std::string_view columns) const {
    const Status made = Run(connection, StrCat("CREATE TABLE IF NOT EXISTS ", name, " (", columns, ") ENGINE=InnoDB"));
    // Who may not make tables may still find them made; if not, the insert will tell.
    if (!made.ok() && made.error().code != ErrorCode::kPermissionDenied) return made;
    return Ok();
  }

  Status Run(MYSQL& connection, const std::string& sql) const {
    if (mysql_real_query(&connection, sql.data(), sql.size()) == 0) return Ok();
    return ErrorOf(mysql_errno(&connection), mysql_error(&connection));
  }

  Result<ResultSet> Query(MYSQL& connection, const std::string& sql) const {
    TAILRACE_TRY(Run(connection, sql));
    ResultSet result(mysql_store_result(&connection));
    if (result == nullptr) return ErrorOf(mysql_errno(&connection), mysql_error(&connection));
    return result;
  }

  // Prepares and executes; gives the number of rows changed.
  Result<uint64_t> Execute(MYSQL& connection, const std::string& sql, Parameters parameters) const {
    const Statement statement(mysql_stmt_init(&connection));
    TAILRACE_CHECK(statement != nullptr);
    const auto error = [&] { return ErrorOf(mysql_stmt_errno(statement.get()), mysql_stmt_error(statement.get())); };
    if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0) return error();
    TAILRACE_CHECK(mysql_stmt_param_count(statement.get()) == parameters.size());
    std::vector<MYSQL_BIND> binds(parameters.size());
    std::memset(binds.data(), 0, binds.size() * sizeof(MYSQL_BIND));
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (!parameters[i].has_value()) {
        binds[i].buffer_type = MYSQL_TYPE_NULL;
        continue;
      }
      binds[i].buffer_type = MYSQL_TYPE_STRING;
      binds[i].buffer = parameters[i]->data();
      binds[i].buffer_length = parameters[i]->size();
    }
    if (mysql_stmt_bind_param(statement.get(), binds.data()) != 0) return error();
    if (mysql_stmt_execute(statement.get()) != 0) return error();
    return mysql_stmt_affected_rows(statement.get());
  }

  Status Store(const Outgoing& outgoing) {
    if (connection_ == nullptr) {
      TAILRACE_ASSIGN_OR_RETURN(connection_, Connect());
    }
    TAILRACE_TRY(Run(*connection_, "START TRANSACTION"));
    TAILRACE_ASSIGN_OR_RETURN(const uint64_t taken,
                              Execute(*connection_, "INSERT IGNORE INTO tailrace_history_taken VALUES (?, ?)",
                                      {outgoing.delivery.idempotency_key, MessageTime(outgoing.now)}));
    if (taken == 0) return Run(*connection_, "ROLLBACK");  // Stored before a crash, or before an answer was lost.
    const std::vector<HistoryRow>& rows = outgoing.delivery.message.history;
    std::string sql = StrCat("INSERT INTO ", table_, " (alarm_creation_time, Number_of_orders) VALUES ");
    Parameters parameters;
    for (const HistoryRow& row : rows) {
      sql += parameters.empty() ? "(?, ?)" : ", (?, ?)";
      parameters.emplace_back(MessageTime(row.time));
      parameters.push_back(row.value.has_value() ? std::optional(NumberText(std::round(*row.value))) : std::nullopt);
    }
    TAILRACE_TRY(Execute(*connection_, sql, std::move(parameters)));
    return Run(*connection_, "COMMIT");
  }

  const MysqlHistoryTarget config_;
  const unsigned timeout_s_;
  const std::string table_;
  const std::string place_;  // For messages; without user and password.
  Connection connection_;
};

}  // namespace

Result<std::unique_ptr<HistoryTarget>> MakeMysqlHistory(const TargetConfig& config) {
  const MysqlHistoryTarget& mysql = std::get<MysqlHistoryTarget>(config.kind);
  if (mysql.host.empty()) return Error{ErrorCode::kInvalidArgument, "mysql history needs a host"};
  if (mysql.database.empty()) return Error{ErrorCode::kInvalidArgument, "mysql history needs a database"};
  if (mysql.user.empty()) return Error{ErrorCode::kInvalidArgument, "mysql history needs a user"};
  if (mysql.table.empty()) return Error{ErrorCode::kInvalidArgument, "mysql history needs a table"};
  TAILRACE_CHECK(mysql_server_init(0, nullptr, nullptr) == 0);  // Before other threads come; repeating it is harmless.
  return std::unique_ptr<HistoryTarget>(std::make_unique<MysqlHistory>(config));
}

}  // namespace tailrace::alarm
