#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/verb.h"

namespace tailrace::cli {

inline constexpr OptionSpec kServerOption = {"--server", "URL",
                                             "The running server; else TAILRACE_SERVER, else http://127.0.0.1:8080."};
inline constexpr OptionSpec kApplicationOption = {"--app", "NAME", "Application; may be left out when just one runs."};
inline constexpr OptionSpec kJsonOption = {"--json", "", "Print JSON, one object a line."};

// Calls of a running server's HTTP API.
class Client {
 public:
  Client(const Arguments& arguments, const Context& context);

  // Errors: kUnavailable: no server there; those that the server answers, with its message.
  Result<boost::json::value> Get(const std::string& path) const;
  Result<boost::json::value> Post(const std::string& path, const std::string& body) const;
  Result<boost::json::value> Put(const std::string& path, const std::string& body) const;

  // The application to ask: --app, or the only one. Errors: kInvalidArgument: several; kNotFound: none.
  Result<std::string> Application(const Arguments& arguments) const;
  const std::string& server() const { return server_; }

 private:
  Result<boost::json::value> Call(std::string method, const std::string& path, const std::string& body) const;

  const Context& context_;
  std::string server_;
};

// "name=value" pairs of a query; empty values are left out. Begins with '?' when there is any.
std::string QueryText(const std::vector<std::pair<std::string, std::string>>& parameters);
std::string PercentEncode(std::string_view text);

// Widths and sides of a table's columns, taken from its first rows.
struct TableForm {
  std::vector<size_t> widths;
  std::vector<bool> right;  // Numbers.
};
TableForm FormOf(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
// One line; a cell that is wider than its column pushes the others on.
void AppendTableLine(std::string& text, const TableForm& form, const std::vector<std::string>& cells);
// Rows with aligned columns; numbers to the right.
std::string AlignedTable(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows);
// A JSON value as people read it: text without quotes, null as a dash.
std::string PlainText(const boost::json::value& value);
// "2018-11-01 01:00:00.000" from epoch ms; a dash for null.
std::string TimeText(const boost::json::value& unix_ms);

}  // namespace tailrace::cli
