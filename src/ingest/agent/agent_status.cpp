#include "ingest/agent/agent_status.h"

#include "base/str.h"
#include "ingest/agent/json_node.h"

namespace tailrace::ingest {
namespace {

// Builds JsonNode objects member by member.
class Object {
 public:
  Object() { node_.kind = JsonNode::Kind::kObject; }
  Object& Number(std::string_view name, uint64_t number) {
    JsonNode value{.kind = JsonNode::Kind::kNumber};
    value.text = StrCat(number);
    return Node(name, std::move(value));
  }
  Object& Text(std::string_view name, std::string_view text) {
    JsonNode value{.kind = JsonNode::Kind::kString};
    value.text = IsValidUtf8(text) ? std::string(text) : RepairUtf8(text);
    return Node(name, std::move(value));
  }
  Object& Node(std::string_view name, JsonNode value) {
    node_.members.push_back({.name = std::string(name), .value = std::move(value)});
    return *this;
  }
  JsonNode Take() { return std::move(node_); }

 private:
  JsonNode node_;
};

JsonNode List() { return {.kind = JsonNode::Kind::kArray}; }

void AddCounters(Object& object, const ParseCounters& parsed, const SendCounters& sent) {
  object.Number("bytes_parsed", parsed.bytes)
      .Number("lines", parsed.lines)
      .Number("records_parsed", parsed.parsed)
      .Number("records_skipped", parsed.skipped)
      .Number("records_unconverted", parsed.unconverted)
      .Number("records_truncated", parsed.truncated)
      .Number("records_sent", sent.records)
      .Number("bytes_sent", sent.bytes)
      .Number("records_duplicate", sent.duplicates)
      .Number("records_refused", sent.refused)
      .Number("records_retried", sent.retries);
}

JsonNode ToNode(const FlowStatus& flow) {
  Object object;
  object.Text("id", flow.id).Text("file_pattern", flow.file_pattern).Text("destination", flow.destination);
  AddCounters(object, flow.parsed, flow.sent);
  object.Number("bytes_behind", flow.behind_bytes)
      .Number("records_buffered", flow.buffered_records)
      .Number("records_rejected", flow.rejected_total)
      .Number("files_total", flow.files_total);
  if (flow.last_sent) object.Text("last_sent", ToIso8601(*flow.last_sent));
  JsonNode files = List();
  for (const FileStatus& file : flow.files) {
    Object entry;
    entry.Number("number", file.number)
        .Text("path", file.path)
        .Text("state", file.state)
        .Number("size", file.size_bytes)
        .Number("sent_offset", file.sent_offset);
    AddCounters(entry, file.parsed, file.sent);
    files.items.push_back(entry.Take());
  }
  object.Node("files", std::move(files));
  JsonNode warnings = List();
  for (const AgentWarning& warning : flow.warnings) {
    warnings.items.push_back(Object()
                                 .Text("code", warning.code)
                                 .Text("subject", warning.subject)
                                 .Text("message", warning.message)
                                 .Text("since", ToIso8601(warning.since))
                                 .Take());
  }
  object.Node("warnings", std::move(warnings));
  JsonNode rejected = List();
  for (const RejectedLine& line : flow.rejected) {
    rejected.items.push_back(Object()
                                 .Text("time", ToIso8601(line.time))
                                 .Text("path", line.path)
                                 .Number("offset", line.offset)
                                 .Text("reason", line.reason)
                                 .Text("raw", line.raw)
                                 .Take());
  }
  return object.Node("rejected", std::move(rejected)).Take();
}

}  // namespace

std::string ToJson(const AgentStatus& status) {
  Object object;
  object.Text("started", ToIso8601(status.started)).Text("now", ToIso8601(status.now));
  JsonNode flows = List();
  for (const FlowStatus& flow : status.flows) flows.items.push_back(ToNode(flow));
  object.Node("flows", std::move(flows));
  std::string json;
  AppendJsonNode(json, object.Take(), JsonStyle::kCompact);
  return json;
}

std::string ToTable(const AgentStatus& status) {
  std::string table;
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(status.now - status.started);
  table += StrCat("agent, up ", uptime.count(), " s\n");
  for (const FlowStatus& flow : status.flows) {
    table += StrCat("\nflow ", flow.id, "\n");
    table += fmt::format("  parsed {} records ({}), skipped {}, sent {}, refused {}, sent again {}\n",
                         flow.parsed.parsed, FormatBytes(flow.parsed.bytes), flow.parsed.skipped, flow.sent.records,
                         flow.sent.refused, flow.sent.retries);
    table += fmt::format("  behind {}, {} records waiting, {} files, last sent {}\n", FormatBytes(flow.behind_bytes),
                         flow.buffered_records, flow.files_total,
                         flow.last_sent ? ToIso8601(*flow.last_sent) : std::string("never"));
    if (!flow.files.empty())
      table += fmt::format("  {:<10} {:>12} {:>12} {:>10}  {}\n", "STATE", "SIZE", "SENT", "RECORDS", "FILE");
    for (const FileStatus& file : flow.files) {
      table += fmt::format("  {:<10} {:>12} {:>12} {:>10}  {}\n", file.state, file.size_bytes, file.sent_offset,
                           file.sent.records, file.path);
    }
    for (const AgentWarning& warning : flow.warnings) {
      table += StrCat("  WARNING since ", ToIso8601(warning.since), ": ", warning.message, "\n");
    }
    if (!flow.rejected.empty()) {
      const RejectedLine& last = flow.rejected.back();
      table += StrCat("  ", flow.rejected_total, " lines not sent as asked; the last: ", last.path, " at byte ",
                      last.offset, ": ", last.reason, "\n");
    }
  }
  return table;
}

}  // namespace tailrace::ingest
