#include "cli/client.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/os/process.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::cli {
namespace {

namespace json = boost::json;

ErrorCode CodeOf(int status) {
  switch (status) {
    case 400:
    case 422:
      return ErrorCode::kInvalidArgument;
    case 403:
      return ErrorCode::kPermissionDenied;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kFailedPrecondition;
    case 429:
      return ErrorCode::kLimitExceeded;
    case 503:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

bool LooksNumeric(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.-+") == std::string_view::npos && text != "-";
}

}  // namespace

Client::Client(const Arguments& arguments, const Context& context) : context_(context) {
  server_ = arguments.Text("--server");
  if (server_.empty()) server_ = EnvironmentVariable("TAILRACE_SERVER").value_or("http://127.0.0.1:8080");
  while (server_.ends_with('/')) server_.pop_back();
}

Result<json::value> Client::Get(const std::string& path) const { return Call("GET", path, ""); }

Result<json::value> Client::Post(const std::string& path, const std::string& body) const {
  return Call("POST", path, body);
}

Result<json::value> Client::Put(const std::string& path, const std::string& body) const {
  return Call("PUT", path, body);
}

Result<json::value> Client::Call(std::string method, const std::string& path, const std::string& body) const {
  HttpRequest request{.method = std::move(method), .url = server_ + path, .body = body};
  request.headers = {{"content-type", "application/json"}};
  request.response_bytes_max = 256 << 20;
  auto response = context_.net.Http(request);
  if (!response.ok()) {
    return Error{response.error().code, StrCat("no answer from ", server_, ": ", response.error().message,
                                               "; is 'tailrace run' up there? --server names another address")};
  }
  json::error_code error;
  json::value value = json::parse(response->body, error);
  if (response->status >= 200 && response->status < 300) {
    if (error)
      return Error{ErrorCode::kInternal, StrCat(server_, path, " did not answer JSON; is it a tailrace server?")};
    return value;
  }
  if (!error && value.is_object() && value.get_object().contains("error")) {
    const json::value* const message = value.get_object().at("error").as_object().if_contains("message");
    if (message != nullptr && message->is_string()) {
      return Error{CodeOf(response->status), std::string(message->get_string())};
    }
  }
  return Error{CodeOf(response->status), StrCat(server_, path, " answered ", response->status)};
}

Result<std::string> Client::Application(const Arguments& arguments) const {
  if (arguments.Has("--app")) return arguments.Text("--app");
  TAILRACE_ASSIGN_OR_RETURN(const json::value status, Get("/api/status"));
  std::vector<std::string> names;
  for (const json::value& application : status.at("apps").as_array()) {
    names.emplace_back(application.at("name").as_string());
  }
  if (names.empty()) return Error{ErrorCode::kNotFound, StrCat("no application runs at ", server_)};
  if (names.size() > 1) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("several applications run: name one with --app: ", Join(names, ", "))};
  }
  return names[0];
}

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string QueryText(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) text += StrCat(text.empty() ? "?" : "&", name, "=", PercentEncode(value));
  }
  return text;
}

TableForm FormOf(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  TableForm form{.right = std::vector<bool>(header.size(), !rows.empty())};
  for (const std::string& name : header) form.widths.push_back(Utf8Length(name));
  for (const auto& row : rows) {
    for (size_t i = 0; i < header.size(); ++i) {
      form.widths[i] = std::max(form.widths[i], Utf8Length(row[i]));
      if (row[i] != "-" && !LooksNumeric(row[i])) form.right[i] = false;
    }
  }
  return form;
}

void AppendTableLine(std::string& text, const TableForm& form, const std::vector<std::string>& cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t length = Utf8Length(cells[i]);
    const std::string padding(length < form.widths[i] ? form.widths[i] - length : 0, ' ');
    line += StrCat(i > 0 ? "  " : "", form.right[i] ? padding : "", cells[i], form.right[i] ? "" : padding);
  }
  while (line.ends_with(' ')) line.pop_back();
  text += line + "\n";
}

std::string AlignedTable(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows) {
  const TableForm form = FormOf(header, rows);
  std::string text;
  AppendTableLine(text, form, header);
  for (const auto& row : rows) AppendTableLine(text, form, row);
  return text;
}

std::string PlainText(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_double()) return StrCat(value.get_double());  // 32, not 3.2E1.
  return json::serialize(value);
}

std::string TimeText(const json::value& unix_ms) {
  if (!unix_ms.is_int64() && !unix_ms.is_uint64()) return "-";
  return data::TimestampToOutputText(unix_ms.to_number<int64_t>());
}

}  // namespace tailrace::cli
