#include "alarm/mysql_examination.h"

#include <mysql.h>
#include <mysqld_error.h>

#include <algorithm>
#include <memory>

#include "base/os/probe.h"
#include "base/str.h"

namespace tailrace::alarm {
namespace {

struct ConnectionClose {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
};
struct ResultFree {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote || (quote == '\'' && c == '\\')) quoted += c;
    quoted += c;
  }
  return quoted + quote;
}

class MysqlExamination {
 public:
  MysqlExamination(const MysqlHistoryTarget& target, std::chrono::milliseconds timeout, Examination& examination)
      : target_(target), timeout_(timeout), examination_(examination) {}

  void Run() {
    const std::string grant = StrCat("As an administrator: GRANT SELECT, INSERT, CREATE ON ",
                                     Quoted(target_.database, '`'), ".* TO ", Quoted(target_.user, '\''), "@'%'");
    examination_.Step("resolve", "Correct the host of the mysql target, or the machine's name service.",
                      [this] { return ResolveHost(target_.host); });
    examination_.Step("connect",
                      "Start the server, let it listen on this address (bind-address), open the firewall, or correct "
                      "host and port of the mysql target.",
                      [this] { return Connect(); });
    examination_.Step("login",
                      "Correct user and password of the mysql target, or let the server take this user from this "
                      "machine ('user'@'host').",
                      [this] { return LogIn(); });
    examination_.Step("database",
                      StrCat("Correct the database of the mysql target, or: CREATE DATABASE ",
                             Quoted(target_.database, '`'), "; ", grant),
                      [this] { return UseDatabase(); });
    examination_.Step("table", grant, [this] { return FindTable(); });
    examination_.Step("grant", grant, [this] { return TryRows(); });
  }

 private:
  Result<std::string> Connect() {
    TAILRACE_TRY(ConnectTcp(target_.host, target_.port, timeout_));
    return StrCat(target_.host, ":", target_.port);
  }

  Result<std::string> LogIn() {
    connection_.reset(mysql_init(nullptr));
    const auto timeout_s =
        static_cast<unsigned>(std::max<int64_t>(1, std::chrono::ceil<std::chrono::seconds>(timeout_).count()));
    mysql_options(connection_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
    mysql_options(connection_.get(), MYSQL_OPT_READ_TIMEOUT, &timeout_s);
    mysql_options(connection_.get(), MYSQL_OPT_WRITE_TIMEOUT, &timeout_s);
    mysql_options(connection_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const my_bool enforce_tls = target_.require_tls ? 1 : 0;
    mysql_options(connection_.get(), MYSQL_OPT_SSL_ENFORCE, &enforce_tls);
    const my_bool verify = target_.ca_file.empty() ? 0 : 1;
    mysql_options(connection_.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    if (!target_.ca_file.empty()) mysql_options(connection_.get(), MYSQL_OPT_SSL_CA, target_.ca_file.c_str());
    if (mysql_real_connect(connection_.get(), target_.host.c_str(), target_.user.c_str(),
                           target_.password.Reveal().c_str(), nullptr, target_.port, nullptr, 0) == nullptr) {
      return Failure();
    }
    TAILRACE_ASSIGN_OR_RETURN(const std::string time, QueryText("SELECT ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000)"));
    if (const auto unix_ms = ParseInt64(time); unix_ms.has_value()) {
      examination_.SawClock("the database server", FromUnixMs(*unix_ms) - examination_.clock().Now());
    }
    const char* const cipher = mysql_get_ssl_cipher(connection_.get());
    return StrCat("user ", target_.user, ", ", mysql_get_server_info(connection_.get()), ", ",
                  cipher == nullptr ? "without TLS" : StrCat("TLS ", cipher));
  }

  Result<std::string> UseDatabase() {
    if (mysql_select_db(connection_.get(), target_.database.c_str()) != 0) return Failure();
    return target_.database;
  }

  // A table that is not there yet is made with the first message; then the right to do so is what counts.
  Result<std::string> FindTable() {
    TAILRACE_ASSIGN_OR_RETURN(
        const std::string found,
        QueryText(StrCat("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ",
                         Quoted(target_.database, '\''), " AND table_name = ", Quoted(target_.table, '\''))));
    exists_ = found == "1";
    if (exists_) return target_.table;
    TAILRACE_TRY(Execute("CREATE TEMPORARY TABLE tailrace_doctor (one INT)"));
    TAILRACE_TRY(Execute("DROP TEMPORARY TABLE tailrace_doctor"));
    return StrCat(target_.table, " is not there yet; the first message makes it");
  }

  Result<std::string> TryRows() {
    const auto begin = examination_.clock().Monotonic();
    TAILRACE_ASSIGN_OR_RETURN(const std::string one, QueryText("SELECT 1"));
    const auto round_trip = examination_.clock().Monotonic() - begin;
    const std::string time =
        fmt::format("round trip {:.1f} ms", std::chrono::duration<double, std::milli>(round_trip).count());
    if (!exists_) return time;
    TAILRACE_TRY(Execute("START TRANSACTION"));
    const Status inserted =
        Execute(StrCat("INSERT INTO ", Quoted(target_.table, '`'), " (alarm_creation_time) VALUES (UTC_TIMESTAMP())"));
    TAILRACE_TRY(Execute("ROLLBACK"));
    TAILRACE_TRY(inserted);
    TAILRACE_ASSIGN_OR_RETURN(const std::string rows, QueryText(StrCat("SELECT COUNT(*) FROM (SELECT 1 FROM ",
                                                                       Quoted(target_.table, '`'), " LIMIT 1) AS t")));
    return StrCat("rows may be written and read, ", time);
  }

  Error Failure() const {
    return Error{ErrorCode::kUnavailable,
                 StrCat(mysql_error(connection_.get()), " (", mysql_errno(connection_.get()), ")")};
  }

  Status Execute(const std::string& sql) {
    if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) return Failure();
    return Ok();
  }

  Result<std::string> QueryText(const std::string& sql) {
    TAILRACE_TRY(Execute(sql));
    const std::unique_ptr<MYSQL_RES, ResultFree> result(mysql_store_result(connection_.get()));
    if (result == nullptr) return Failure();
    const MYSQL_ROW row = mysql_fetch_row(result.get());
    return std::string(row == nullptr || row[0] == nullptr ? "" : row[0]);
  }

  const MysqlHistoryTarget& target_;
  const std::chrono::milliseconds timeout_;
  Examination& examination_;
  std::unique_ptr<MYSQL, ConnectionClose> connection_;
  bool exists_ = false;
};

}  // namespace

void ExamineMysql(const MysqlHistoryTarget& target, std::chrono::milliseconds timeout, Examination& examination) {
  MysqlExamination(target, timeout, examination).Run();
}

}  // namespace tailrace::alarm
