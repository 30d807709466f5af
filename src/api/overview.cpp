#include "api/overview.h"

#include <boost/json.hpp>

#include "api/live_push.h"
#include "app/running_application.h"
#include "app/runtime.h"
#include "base/os/process.h"
#include "base/str.h"

namespace tailrace::api {
namespace {

namespace json = boost::json;

double Rounded(double rate) { return static_cast<double>(static_cast<int64_t>(rate * 100 + 0.5)) / 100; }

}  // namespace

json::value StreamSource(const app::Runtime& runtime, const std::string& stream) {
  const ingest::KafkaSource* const source = runtime.FindSource(stream);
  if (source == nullptr) return nullptr;
  const ingest::KafkaSourceStatus status = source->CurrentStatus();
  json::array partitions;
  for (const ingest::KafkaPartitionStatus& partition : status.partitions) {
    partitions.push_back({{"id", partition.id},
                          {"next_offset", partition.next_offset},
                          {"high", partition.high.has_value() ? json::value(*partition.high) : json::value(nullptr)},
                          {"lag", partition.lag},
                          {"error", partition.error}});
  }
  return json::object{{"kind", "kafka"},
                      {"topic", status.topic},
                      {"state", status.state},
                      {"error", status.error},
                      {"records", status.records},
                      {"lag", status.lag},
                      {"lost_records", status.lost_records},
                      {"too_large", status.too_large},
                      {"partitions", std::move(partitions)}};
}

namespace {

class OverviewBuilder {
 public:
  OverviewBuilder(app::Runtime& runtime, RateMeter& rates)
      : runtime_(runtime), rates_(rates), now_(runtime.environment().clock.Monotonic()) {}

  json::array Streams() {
    json::array streams;
    for (const stream::StreamDescription& description : runtime_.streams().List()) {
      uint64_t records = 0;
      uint64_t appended = 0;
      uint64_t bytes = 0;
      for (const stream::ShardDescription& shard : description.shards) {
        records += shard.next_sequence - shard.oldest_sequence;
        appended += shard.next_sequence;
        bytes += shard.bytes;
      }
      json::object stream;
      stream["name"] = description.name;
      stream["shards"] = description.shards.size();
      stream["records"] = records;
      stream["bytes"] = bytes;
      stream["records_per_s"] = Rate("stream " + description.name, appended);
      stream["damage"] =
          description.damage.has_value() ? json::value(description.damage->message) : json::value(nullptr);
      stream["source"] = StreamSource(runtime_, description.name);
      streams.push_back(std::move(stream));
    }
    return streams;
  }

  json::object Application(app::RunningApplication& running) {
    const app::ApplicationStatus status = running.CurrentStatus();
    const std::string prefix = "app " + status.name + " ";
    json::object out;
    out["name"] = status.name;
    out["state"] = status.state;
    out["error"] = status.error;
    out["behind_ms"] = status.behind.count();
    out["records"] = status.records;
    out["records_per_s"] = Rate(prefix + "records", status.records);
    out["decode_errors"] = status.decode_errors;
    out["lost_to_retention"] = status.records_lost_to_retention;
    out["checkpoints"] = status.checkpoints;
    out["bound"] = status.bound_unix_ms;
    json::array cut;
    for (const auto& column : status.cut_columns) cut.push_back({{"column", column.column}, {"values", column.values}});
    out["cut_columns"] = std::move(cut);
    json::array tables;
    for (const app::ReferenceStatus& table : status.reference_tables) {
      tables.push_back({{"name", table.name},
                        {"place", table.place},
                        {"rows", table.rows},
                        {"since", table.loaded ? json::value(ToUnixMs(table.since)) : json::value(nullptr)},
                        {"error", table.error}});
    }
    out["reference_tables"] = std::move(tables);
    json::array pumps;
    for (const engine::PumpStats& pump : status.pumps) {
      pumps.push_back({{"name", pump.name},
                       {"rows_in", pump.rows_in},
                       {"rows_out", pump.rows_out},
                       {"errors", pump.errors},
                       {"cut_texts", pump.cut_texts},
                       {"state_bytes", pump.state_bytes},
                       {"rows_in_per_s", Rate(prefix + "pump in " + pump.name, pump.rows_in)},
                       {"rows_out_per_s", Rate(prefix + "pump out " + pump.name, pump.rows_out)}});
    }
    out["pumps"] = std::move(pumps);
    out["streams"] = InApplicationStreams(running, status, prefix);
    json::array outputs;
    for (const app::OutputStatus& output : status.outputs) {
      outputs.push_back({{"name", output.name},
                         {"rows", output.last_ordinal},
                         {"waiting_rows", output.waiting_rows},
                         {"error", output.error}});
    }
    out["outputs"] = std::move(outputs);
    AddAlarms(running, out);
    out["dead_letters"] = running.DeadLetterCount();
    out["agents"] = Agents(running);
    return out;
  }

 private:
  double Rate(const std::string& counter, uint64_t value) { return Rounded(rates_.Update(counter, value, now_)); }

  json::array InApplicationStreams(app::RunningApplication& running, const app::ApplicationStatus& status,
                                   const std::string& prefix) {
    json::array streams;
    const sql::BoundProgram& program = *running.application().definition().program;
    for (size_t i = 0; i < program.streams.size() && i < status.streams.size(); ++i) {
      json::array columns;
      for (const data::Field& field : program.streams[i].schema->fields) columns.push_back(json::string(field.name));
      const sql::StreamKind kind = program.streams[i].kind;
      streams.push_back({{"name", program.streams[i].name},
                         {"kind", kind == sql::StreamKind::kInput   ? "input"
                                  : kind == sql::StreamKind::kError ? "error"
                                                                    : "intermediate"},
                         {"rows", status.streams[i].rows},
                         {"rows_per_s", Rate(prefix + "stream " + program.streams[i].name, status.streams[i].rows)},
                         {"columns", std::move(columns)}});
    }
    return streams;
  }

  static void AddAlarms(app::RunningApplication& running, json::object& out) {
    json::array alarms;
    json::object deliveries{{"pending", 0}, {"sent", 0}, {"dead", 0}};
    if (alarm::AlarmStore* const store = running.alarm_store(); store != nullptr) {
      if (const auto list = store->ListAlarms(); list.ok()) {
        for (const alarm::AlarmStatus& status : *list) {
          json::object entry{{"alarm", status.alarm},
                             {"key", status.key},
                             {"firing", status.state.firing},
                             {"rows", status.state.rows},
                             {"held_rows", status.state.held_rows}};
          entry["max"] = status.state.max.has_value() ? json::value(*status.state.max) : json::value(nullptr);
          entry["last_message"] = status.state.last_message.has_value()
                                      ? json::value(ToUnixMs(*status.state.last_message))
                                      : json::value(nullptr);
          alarms.push_back(std::move(entry));
        }
      }
      const auto count = [&](const char* name, alarm::DeliveryState state) {
        deliveries[name] = store->CountDeliveries(state).value_or(0);
      };
      count("pending", alarm::DeliveryState::kPending);
      count("sent", alarm::DeliveryState::kSent);
      count("dead", alarm::DeliveryState::kDead);
    }
    // An alarm that never rang has no state yet; people want to see it all the same.
    for (const app::AlarmEntry& entry : running.application().definition().config.alarms) {
      const bool known = std::ranges::any_of(
          alarms, [&](const json::value& alarm) { return alarm.at("alarm").as_string() == entry.alarm.name; });
      if (known) continue;
      alarms.push_back({{"alarm", entry.alarm.name},
                        {"key", ""},
                        {"firing", false},
                        {"rows", 0},
                        {"held_rows", 0},
                        {"max", nullptr},
                        {"last_message", nullptr}});
    }
    out["alarms"] = std::move(alarms);
    out["deliveries"] = std::move(deliveries);
  }

  static json::array Agents(app::RunningApplication& running) {
    json::array flows;
    for (const ingest::FlowStatus& flow : running.AgentFlows()) {
      json::array files;
      for (const ingest::FileStatus& file : flow.files) {
        files.push_back(
            {{"path", file.path}, {"state", file.state}, {"size", file.size_bytes}, {"sent_offset", file.sent_offset}});
      }
      json::array warnings;
      bool broken = false;
      for (const ingest::AgentWarning& warning : flow.warnings) {
        broken = broken || warning.code == "unreadable" || warning.code == "sending" || warning.code == "lost";
        warnings.push_back({{"code", warning.code}, {"subject", warning.subject}, {"message", warning.message}});
      }
      json::array rejected;
      for (const ingest::RejectedLine& line : flow.rejected) {
        rejected.push_back({{"time", ToUnixMs(line.time)},
                            {"path", line.path},
                            {"offset", line.offset},
                            {"reason", line.reason},
                            {"raw", RepairUtf8(line.raw)}});
      }
      flows.push_back({{"flow", flow.id},
                       {"pattern", flow.file_pattern},
                       {"destination", flow.destination},
                       {"health", broken                  ? "error"
                                  : flow.warnings.empty() ? "ok"
                                                          : "warning"},
                       {"behind_bytes", flow.behind_bytes},
                       {"records", flow.parsed.parsed},
                       {"skipped", flow.parsed.skipped},
                       {"sent", flow.sent.records},
                       {"refused", flow.sent.refused},
                       {"bytes", flow.sent.bytes},
                       {"rejected_total", flow.rejected_total},
                       {"files", std::move(files)},
                       {"warnings", std::move(warnings)},
                       {"rejected", std::move(rejected)}});
    }
    return flows;
  }

  app::Runtime& runtime_;
  RateMeter& rates_;
  const std::chrono::nanoseconds now_;
};

}  // namespace

json::array DeliveryOverview(app::Runtime& runtime) {
  json::array list;
  for (const sink::delivery::DeliveryDescription& description : runtime.delivery_streams().List()) {
    const sink::delivery::DeliveryStatus& status = description.status;
    json::object entry{{"name", status.name},
                       {"source", status.source_stream},
                       {"destination", status.destination},
                       {"state", status.state},
                       {"error", status.error},
                       {"version", description.version},
                       {"lag_ms", status.lag.count()},
                       {"waiting_records", status.waiting_records},
                       {"objects", status.objects},
                       {"records", status.records},
                       {"bytes", status.bytes},
                       {"failed_tries", status.failed_tries},
                       {"failed_records", status.failed_records},
                       {"lost_records", status.lost_records}};
    entry["last_delivery"] = status.last_delivery.has_value() ? json::value(ToUnixMs(*status.last_delivery)) : nullptr;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string BuildOverview(app::Runtime& runtime, const std::string& version, RateMeter& rates) {
  OverviewBuilder builder(runtime, rates);
  const ProcessUsage usage = UsageOfThisProcess();
  json::object overview;
  overview["version"] = version;
  overview["now"] = ToUnixMs(runtime.environment().clock.Now());
  overview["clock_ahead_ms"] = runtime.clock().Ahead().count();  // The machine's clock was set back.
  overview["started"] = ToUnixMs(runtime.started());
  overview["cpu_ms"] = std::chrono::duration_cast<Milliseconds>(usage.cpu).count();
  overview["resident_bytes"] = usage.resident_bytes;
  overview["streams"] = builder.Streams();
  overview["delivery_streams"] = DeliveryOverview(runtime);
  json::array applications;
  for (const auto& running : runtime.applications()) applications.push_back(builder.Application(*running));
  overview["apps"] = std::move(applications);
  return json::serialize(overview);
}

}  // namespace tailrace::api
