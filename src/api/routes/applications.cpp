#include <boost/json.hpp>

#include "api/live_push.h"
#include "api/routes/routes.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/hash.h"
#include "base/str.h"
#include "data/text.h"

namespace tailrace::api {
namespace {

namespace json = boost::json;
using RouteResult = Result<std::optional<http::Response>>;

constexpr int64_t kRecordsMax = 1'000;

RouteResult Reply(const json::value& value) { return http::Response::Json(200, json::serialize(value) + "\n"); }

json::value OptionalTime(const std::optional<Timestamp>& time) {
  return time.has_value() ? json::value(ToUnixMs(*time)) : json::value(nullptr);
}

json::value OptionalNumber(const std::optional<double>& number) {
  return number.has_value() ? json::value(*number) : json::value(nullptr);
}

Result<const app::LiveView*> FindView(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  std::vector<std::string> names;
  for (const auto& view : running->application().views()) {
    if (view->name() == call.parameter(1)) return static_cast<const app::LiveView*>(view.get());
    names.push_back(view->name());
  }
  const auto nearest = NearestName(call.parameter(1), names);
  return Error{ErrorCode::kNotFound, StrCat("no in-application stream ", call.parameter(1),
                                            nearest.has_value() ? StrCat("; did you mean ", *nearest, "?")
                                                                : StrCat("; there are ", Join(names, ", ")))};
}

Result<alarm::AlarmStore*> FindAlarms(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  if (running->alarm_store() == nullptr) {
    return Error{ErrorCode::kNotFound, StrCat("application ", running->name(), " has no alarms")};
  }
  return running->alarm_store();
}

Result<alarm::RecordFilter> ReadFilter(RouteCall& call) {
  alarm::RecordFilter filter{.alarm = call.Query("alarm")};
  TAILRACE_ASSIGN_OR_RETURN(filter.before_id, call.QueryNumber("before", 0, INT64_MAX, INT64_MAX));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, kRecordsMax, 100));
  filter.records_max = static_cast<uint32_t>(limit);
  const std::string state = call.Query("state");
  if (state == "pending") {
    filter.state = alarm::DeliveryState::kPending;
  } else if (state == "sent") {
    filter.state = alarm::DeliveryState::kSent;
  } else if (state == "dead") {
    filter.state = alarm::DeliveryState::kDead;
  } else if (!state.empty()) {
    return Error{ErrorCode::kInvalidArgument, StrCat("state='", state, "' is not one of pending, sent, dead")};
  }
  return filter;
}

json::object EventObject(const alarm::EventRecord& record) {
  const alarm::AlarmEvent& event = record.event;
  return {{"id", record.id},
          {"alarm", record.alarm},
          {"kind", event.kind == alarm::EventKind::kFired     ? "fired"
                   : event.kind == alarm::EventKind::kMessage ? "message"
                                                              : "resolved"},
          {"key", event.key},
          {"time", ToUnixMs(event.time)},
          {"value", OptionalNumber(event.value)},
          {"rows", event.rows},
          {"max", OptionalNumber(event.max)},
          {"since", OptionalTime(event.since)}};
}

Result<int64_t> ReadId(RouteCall& call) {
  const auto id = ParseInt64(call.parameter(1));
  if (!id.has_value() || *id < 0) {
    return Error{ErrorCode::kInvalidArgument, StrCat("'", call.parameter(1), "' is not an id")};
  }
  return *id;
}

}  // namespace

RouteResult GetCharts(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  return http::Response::Json(200, call.services().live.Charts(running->name()) + "\n");
}

RouteResult GetRows(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(const app::LiveView* const view, FindView(call));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t after, call.QueryNumber("after", 0, INT64_MAX, 0));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t limit, call.QueryNumber("limit", 1, app::LiveView::kRowsMax, 100));
  std::string body = StrCat("{\"last\":", view->last_ordinal(), ",\"rows\":[");
  for (const app::SampledRow& row : view->RowsAfter(static_cast<uint64_t>(after), static_cast<size_t>(limit))) {
    if (body.back() != '[') body += ',';
    body += StrCat("{\"ordinal\":", row.ordinal, ",\"rowtime\":", row.rowtime_unix_ms, ",\"row\":", row.json, "}");
  }
  return http::Response::Json(200, body + "]}\n");
}

RouteResult GetTail(RouteCall& call) {
  TAILRACE_TRY(FindView(call));
  if (!call.services().live.AddTail(call.exchange(), call.parameter(0), call.parameter(1))) {
    return Error{ErrorCode::kUnavailable, StrCat("more than ", LivePush::kListenersMax, " listeners")};
  }
  return std::optional<http::Response>();
}

RouteResult GetAlarms(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(alarm::AlarmStore* const store, FindAlarms(call));
  TAILRACE_ASSIGN_OR_RETURN(const auto list, store->ListAlarms());
  json::array alarms;
  for (const alarm::AlarmStatus& status : list) {
    alarms.push_back({{"alarm", status.alarm},
                      {"key", status.key},
                      {"firing", status.state.firing},
                      {"fired_at", ToUnixMs(status.state.fired_at)},
                      {"last_row", ToUnixMs(status.state.last_row)},
                      {"rows", status.state.rows},
                      {"max", OptionalNumber(status.state.max)},
                      {"last_message", OptionalTime(status.state.last_message)},
                      {"held_rows", status.state.held_rows}});
  }
  return Reply(alarms);
}

RouteResult GetAlarmEvents(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(alarm::AlarmStore* const store, FindAlarms(call));
  TAILRACE_ASSIGN_OR_RETURN(const alarm::RecordFilter filter, ReadFilter(call));
  TAILRACE_ASSIGN_OR_RETURN(const auto list, store->ListEvents(filter));
  json::array events;
  for (const alarm::EventRecord& record : list) events.push_back(EventObject(record));
  return Reply(events);
}

RouteResult ExplainAlarmEvent(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(alarm::AlarmStore* const store, FindAlarms(call));
  TAILRACE_ASSIGN_OR_RETURN(const app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(const int64_t id, ReadId(call));
  TAILRACE_ASSIGN_OR_RETURN(const auto found, store->FindEvent(id));
  const auto& [event, evidence] = found;
  json::object answer = EventObject(event);
  answer["evidence"] = nullptr;
  answer["recomputed"] = nullptr;
  if (!evidence.has_value()) return Reply(answer);
  answer["evidence"] = json::parse(alarm::EvidenceToJson(*evidence));
  const auto recomputed = running->Explain(event, *evidence);
  if (recomputed.ok()) {
    using Outcome = app::Recomputed::Outcome;
    json::array rows;
    for (const std::string& row : recomputed->rows) rows.push_back(json::parse(row));
    answer["recomputed"] = {{"outcome", recomputed->outcome == Outcome::kSame         ? "same"
                                        : recomputed->outcome == Outcome::kDifferent  ? "different"
                                        : recomputed->outcome == Outcome::kIncomplete ? "incomplete"
                                                                                      : "nothing"},
                            {"records", recomputed->records},
                            {"records_gone", recomputed->records_gone},
                            {"rows", std::move(rows)},
                            {"note", recomputed->note}};
  } else {
    answer["recomputed"] = {{"outcome", "failed"},
                            {"records", 0},
                            {"records_gone", 0},
                            {"rows", json::array()},
                            {"note", recomputed.error().message}};
  }
  return Reply(answer);
}

RouteResult GetDeliveries(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(alarm::AlarmStore* const store, FindAlarms(call));
  TAILRACE_ASSIGN_OR_RETURN(const alarm::RecordFilter filter, ReadFilter(call));
  TAILRACE_ASSIGN_OR_RETURN(const auto list, store->ListDeliveries(filter));
  json::array deliveries;
  for (const alarm::DeliveryRecord& record : list) {
    deliveries.push_back({{"id", record.id},
                          {"alarm", record.alarm},
                          {"key", record.key},
                          {"target", record.target},
                          {"state", record.state == alarm::DeliveryState::kPending ? "pending"
                                    : record.state == alarm::DeliveryState::kSent  ? "sent"
                                                                                   : "dead"},
                          {"kind", record.kind == alarm::MessageKind::kAlarm      ? "alarm"
                                   : record.kind == alarm::MessageKind::kResolved ? "resolved"
                                                                                  : "history"},
                          {"time", ToUnixMs(record.time)},
                          {"subject", record.subject},
                          {"text", record.text},
                          {"attempts", record.attempts},
                          {"delayed", record.delayed},
                          {"next_attempt", OptionalTime(record.next_attempt)},
                          {"finished", OptionalTime(record.finished)},
                          {"last_error", record.last_error}});
  }
  return Reply(deliveries);
}

RouteResult RedriveDelivery(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  TAILRACE_ASSIGN_OR_RETURN(alarm::AlarmStore* const store, FindAlarms(call));
  TAILRACE_ASSIGN_OR_RETURN(const int64_t id, ReadId(call));
  TAILRACE_TRY(store->Redrive(id, call.services().runtime.environment().clock.Now()));
  running->WakeSenders();
  return Reply(json::object{{"redriven", id}});
}

RouteResult GetHistory(RouteCall& call) {
  TAILRACE_ASSIGN_OR_RETURN(app::RunningApplication* const running, call.Application());
  json::array targets;
  for (const app::TargetEntry& entry : running->application().definition().config.targets) {
    alarm::HistoryTarget* const history =
        running->outbox() == nullptr ? nullptr : running->outbox()->History(entry.target.name);
    if (history == nullptr) continue;
    json::object target{{"target", entry.target.name}};
    json::array months;
    json::array rows;
    const auto summary = history->MonthlySummary();
    const auto newest = history->NewestRows(50);
    if (summary.ok() && newest.ok()) {
      for (const alarm::MonthSummary& month : *summary) {
        months.push_back(
            {{"month", month.month}, {"alarms", month.alarms}, {"orders_max", OptionalNumber(month.orders_max)}});
      }
      for (const alarm::HistoryRow& row : *newest) {
        rows.push_back({{"time", ToUnixMs(row.time)}, {"value", OptionalNumber(row.value)}});
      }
      target["error"] = "";
    } else {
      target["error"] = summary.ok() ? newest.error().message : summary.error().message;
    }
    target["months"] = std::move(months);
    target["rows"] = std::move(rows);
    targets.push_back(std::move(target));
  }
  return Reply(targets);
}

}  // namespace tailrace::api
