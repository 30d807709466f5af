#include <boost/json.hpp>

#include "api/routes/routes.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/hash.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

namespace json = boost::json;
using RouteResult = Result<std::optional<http::Response>>;

constexpr int64_t kLettersMax = 1'000;

// A letter's id in paths and answers: "17@order-flood/SOURCE_SQL_STREAM_001 -> table WebsiteOrders".
std::string IdText(const sink::LetterId& id) { return StrCat(id.ordinal, "@", id.sink); }

Result<sink::LetterId> ReadId(const std::string& text) {
  const size_t at = text.find('@');
  const auto ordinal = ParseInt64(std::string_view(text).substr(0, at));
  if (at == std::string::npos || !ordinal.has_value() || *ordinal < 1) {
    return Error{ErrorCode::kInvalidArgument, StrCat("'", text, "' is not the id of a dead letter: ORDINAL@OUTPUT")};
  }
  return sink::LetterId{text.substr(at + 1), static_cast<uint64_t>(*ordinal)};
}

json::object ToJson(const sink::DeadLetter& letter) {
  json::error_code error;
  json::object out{{"id", IdText(letter.id)},
                   {"output", letter.id.sink},
                   {"ordinal", letter.id.ordinal},
                   {"reason", letter.reason},
                   {"row", json::parse(letter.row_json, error)},
                   {"time", ToUnixMs(letter.time)},
                   {"redrives", letter.redrives}};
  if (error) out["row"] = letter.row_json;  // Cut to its greatest length.
  out["bytes"] = letter.bytes.has_value() ? json::value(ToBase64(*letter.bytes)) : json::value(nullptr);
  out["shard"] = letter.shard.has_value() ? json::value(*letter.shard) : json::value(nullptr);
  out["sequence"] = letter.sequence.has_value() ? json::value(*letter.sequence) : json::value(nullptr);
  return out;
}

// The letter named in the path, when it is one of this application's.
Result<sink::LetterId> FindLetter(RouteCall& call, app::RunningApplication& running) {
  TAILRACE_ASSIGN_OR_RETURN(sink::LetterId id, ReadId(call.parameter(1)));
  for (const std::string& name : running.SinkNames()) {
    if (name == id.sink) return id;
  }
  return Error{ErrorCode::kNotFound, StrCat("application ", running.name(), " has no output ", id.sink)};
}

}  // namespace

RouteResult GetDeadLetters(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, kLettersMax, 100));
  std::optional<sink::LetterId> after;
  if (const std::string text = call.Query("after"); !text.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(after, ReadId(text));
  }
  json::array letters;
  json::value next = nullptr;
  for (const std::string& name : running->SinkNames()) {
    if (after.has_value() && name < after->sink) continue;
    const auto from = after.has_value() && after->sink == name ? after : std::nullopt;
    const size_t left = static_cast<size_t>(limit) - letters.size();
    TAILRACE_ASSIGN_OR_RETURN(const auto page, call.services().runtime.dead_letters().List(name, from, left));
    for (const sink::DeadLetter& letter : page.letters) letters.push_back(ToJson(letter));
    if (letters.size() == static_cast<size_t>(limit)) {
      next = IdText(page.letters.back().id);
      break;
    }
  }
  return http::Response::Json(
      200, json::serialize(json::object{{"letters", std::move(letters)}, {"next", std::move(next)}}) + "\n");
}

RouteResult RedriveDeadLetter(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const sink::LetterId id, FindLetter(call, *running));
  const Status status = running->Redrive(id);
  if (!status.ok() && status.error().code == ErrorCode::kInvalidArgument) {
    return Error{ErrorCode::kFailedPrecondition, status.error().message};
  }
  TAILRACE_TRY(status);
  return http::Response::Json(200, "{\"taken\":true}\n");
}

RouteResult DeleteDeadLetter(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const sink::LetterId id, FindLetter(call, *running));
  TAILRACE_TRY(call.services().runtime.dead_letters().Delete(id));
  return http::Response::Json(200, "{\"deleted\":true}\n");
}

}  // namespace tailrace::api
