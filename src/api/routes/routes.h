#pragma once

#include <optional>

#include "api/router.h"

// The functions behind the routes, by file; routes.cpp gives each its path.
namespace tailrace::api {

// applications.cpp
Result<std::optional<http::Response>> GetCharts(RouteCall& call);
Result<std::optional<http::Response>> GetRows(RouteCall& call);
Result<std::optional<http::Response>> GetTail(RouteCall& call);
Result<std::optional<http::Response>> GetAlarms(RouteCall& call);
Result<std::optional<http::Response>> GetAlarmEvents(RouteCall& call);
Result<std::optional<http::Response>> ExplainAlarmEvent(RouteCall& call);
Result<std::optional<http::Response>> GetDeliveries(RouteCall& call);
Result<std::optional<http::Response>> RedriveDelivery(RouteCall& call);
Result<std::optional<http::Response>> GetHistory(RouteCall& call);

// dead_letters.cpp
Result<std::optional<http::Response>> GetDeadLetters(RouteCall& call);
Result<std::optional<http::Response>> RedriveDeadLetter(RouteCall& call);
Result<std::optional<http::Response>> DeleteDeadLetter(RouteCall& call);

// delivery_streams.cpp
Result<std::optional<http::Response>> GetDeliveryStreams(RouteCall& call);

// reload.cpp
Result<std::optional<http::Response>> ReloadApplication(RouteCall& call);
Result<std::optional<http::Response>> GetSql(RouteCall& call);
Result<std::optional<http::Response>> CheckSql(RouteCall& call);
Result<std::optional<http::Response>> PutSql(RouteCall& call);

// server.cpp
Result<std::optional<http::Response>> GetLive(RouteCall& call);
Result<std::optional<http::Response>> GetReady(RouteCall& call);
Result<std::optional<http::Response>> GetMetrics(RouteCall& call);
Result<std::optional<http::Response>> GetStatus(RouteCall& call);
Result<std::optional<http::Response>> GetEvents(RouteCall& call);
Result<std::optional<http::Response>> GetAsset(RouteCall& call);

// streams.cpp
Result<std::optional<http::Response>> GetStreams(RouteCall& call);
Result<std::optional<http::Response>> GetStream(RouteCall& call);
Result<std::optional<http::Response>> PutRecords(RouteCall& call);
Result<std::optional<http::Response>> GetRecords(RouteCall& call);

// tables.cpp
Result<std::optional<http::Response>> GetTables(RouteCall& call);
Result<std::optional<http::Response>> GetItem(RouteCall& call);
Result<std::optional<http::Response>> QueryItems(RouteCall& call);
Result<std::optional<http::Response>> ScanItems(RouteCall& call);

}  // namespace tailrace::api
