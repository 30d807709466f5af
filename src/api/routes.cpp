#include "api/routes/routes.h"

namespace tailrace::api {

std::span<const Route> Routes() {
  static constexpr Route kRoutes[] = {
      {"GET", "/livez", "200 as long as the process answers", GetLive},
      {"GET", "/readyz", "200 when every application runs", GetReady},
      {"GET", "/metrics", "Prometheus text", GetMetrics},
      {"GET", "/api/status", "The overview", GetStatus},
      {"GET", "/api/events", "Overview and chart points as events", GetEvents},
      {"POST", "/api/apps/{app}/reload", "Put the changed files into force", ReloadApplication},
      {"GET", "/api/apps/{app}/sql", "The SQL that runs", GetSql},
      {"PUT", "/api/apps/{app}/sql", "Save this SQL and run it", PutSql},
      {"POST", "/api/apps/{app}/sql/check", "What is wrong with this SQL", CheckSql},
      {"GET", "/api/apps/{app}/charts", "Charts of the alarms", GetCharts},
      {"GET", "/api/apps/{app}/streams/{stream}/rows", "Newest sampled rows", GetRows},
      {"GET", "/api/apps/{app}/streams/{stream}/tail", "Sampled rows as events", GetTail},
      {"GET", "/api/apps/{app}/alarms", "State of every alarm and key", GetAlarms},
      {"GET", "/api/apps/{app}/alarms/events", "What alarms did", GetAlarmEvents},
      {"GET", "/api/apps/{app}/alarms/events/{id}", "What one event rests on, and its row computed again",
       ExplainAlarmEvent},
      {"GET", "/api/apps/{app}/alarms/deliveries", "Messages and what became of them", GetDeliveries},
      {"POST", "/api/apps/{app}/alarms/deliveries/{id}/redrive", "Send a dead message again", RedriveDelivery},
      {"GET", "/api/apps/{app}/history", "Alarm history by month", GetHistory},
      {"GET", "/api/apps/{app}/dead-letters", "Rows that an output refused", GetDeadLetters},
      {"POST", "/api/apps/{app}/dead-letters/{id}/redrive", "Give a refused row to its output again",
       RedriveDeadLetter},
      {"DELETE", "/api/apps/{app}/dead-letters/{id}", "Forget a refused row", DeleteDeadLetter},
      {"GET", "/api/streams", "All streams", GetStreams},
      {"GET", "/api/streams/{name}", "One stream with its shards", GetStream},
      {"POST", "/api/streams/{name}/records", "Append records", PutRecords},
      {"GET", "/api/streams/{name}/records", "Read records", GetRecords},
      {"GET", "/api/delivery-streams", "Delivery streams and how far they are", GetDeliveryStreams},
      {"GET", "/api/tables", "All tables", GetTables},
      {"GET", "/api/tables/{name}/item", "One item by its key", GetItem},
      {"GET", "/api/tables/{name}/query", "Items of one hash key", QueryItems},
      {"GET", "/api/tables/{name}/scan", "All items", ScanItems},
      {"GET", "/{path*}", "The dashboard", GetAsset},
  };
  return kRoutes;
}

}  // namespace tailrace::api
